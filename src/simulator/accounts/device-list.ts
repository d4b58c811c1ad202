// Telling those who know an account's device list that it changed (protocol.md 8.5).
import { accountSync, notify } from '../delivery/notify.ts';
import { participantsHash } from '../delivery/participants-hash.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Account, accountJid, companionsOf, type Device, deviceJid, ownPhone } from './accounts.ts';
import { keyIndexList } from './adv.ts';

/** Removes a companion for good: its login is refused from now on. */
export function unlink(world: World, device: Device, how: 'device-removed' | 'logout'): void {
  world.accounts.removeCompanion(device);
  ownPhone(device.account)?.forget(device);
  announceDevice(world, device, 'remove');
  world.events.tell({ kind: 'unlinked', jid: deviceJid(device) });
  if (how === 'device-removed') device.connection?.close('device-removed');
  world.changed();
}

/** The phone has no companions any more. */
export function unlinkAll(world: World, account: Account): void {
  for (const companion of companionsOf(account)) unlink(world, companion, 'device-removed');
}

/**
 * Tells the account's other devices and everybody who knows its list. The hashes are over the new list, in both forms:
 * whatsmeow applies the change only when its own list then has the same one (notification.go handleDeviceNotification).
 */
export function announceDevice(world: World, device: Device, change: 'add' | 'remove'): void {
  const { account } = device;
  const others = companionsOf(account).some(one => one !== device);
  if (!others && account.watchers.size === 0) return; // nobody to sign anything for
  const named = node('device', {
    jid: deviceJid(device),
    lid: deviceJid(device, 'lid'),
    'key-index': String(device.id),
  });
  const list = node(
    'key-index-list',
    { ts: world.clock.seconds() },
    change === 'add' ? keyIndexList(account, Number(world.clock.seconds())) : undefined,
  );
  tellWatchers(world, account, 'devices', [node(change, hashesOf(account), [named, list])], device);
  tellOwnDevices(world, account, device);
}

function hashesOf(account: Account): Record<string, string> {
  return {
    device_hash: participantsHash(account.devices.values(), 's.whatsapp.net'),
    device_lid_hash: participantsHash(account.devices.values(), 'lid'),
  };
}

/** The whole list, for the account's other devices (whatsmeow notification.go handleOwnDevicesNotification). */
function tellOwnDevices(world: World, account: Account, not: Device): void {
  const devices = [...account.devices.values()].map(one =>
    node('device', { jid: deviceJid(one), 'key-index': one.id === 0 ? undefined : String(one.id) }),
  );
  const dhash = participantsHash(account.devices.values(), 's.whatsapp.net');
  accountSync(world, account, node('devices', { dhash }, devices), not);
}

/**
 * The phone has a new identity: contacts renew their sessions with it (Baileys identity-change-handler.ts, whatsmeow
 * notification.go handleEncryptNotification).
 */
export function announceIdentity(world: World, account: Account): void {
  tellWatchers(world, account, 'encrypt', [node('identity', {})]);
  // Clients forget the list that they have (Baileys handleDevicesNotification, whatsmeow handleDeviceNotification). When
  // real servers say `update` is not known [guessed].
  const primary = node('device', { jid: accountJid(account), lid: accountJid(account, 'lid') });
  const ts = world.clock.seconds();
  const list = node('key-index-list', { ts }, keyIndexList(account, Number(ts)));
  tellWatchers(world, account, 'devices', [node('update', hashesOf(account), [primary, list])]);
  const phone = account.devices.get(0);
  // Phones among the contacts take it in without a stanza.
  if (phone) for (const watcher of account.watchers) ownPhone(watcher)?.forget(phone);
}

function tellWatchers(
  world: World,
  account: Account,
  type: 'devices' | 'encrypt',
  content: BinaryNode[],
  not?: Device,
): void {
  const attrs = { from: accountJid(account), lid: accountJid(account, 'lid'), type };
  for (const listener of new Set([account, ...account.watchers]))
    notify(world, listener, attrs, content, not);
}
