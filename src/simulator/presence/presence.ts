// Who is there, as each may see it: to those who subscribed, now and on every change (protocol.md 10.1).
import { type Account, accountJid, type Device, deviceJid } from '../accounts/accounts.ts';
import type { Group } from '../groups/groups.ts';
import { allows, isBlocked } from '../profile/privacy.ts';
import { isStranger } from '../profile/trust-tokens.ts';
import type { Domain } from '../wire/jid.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/**
 * Availability of a device may have changed: tells every subscriber when the account's did. With `anyway` (what others
 * may see has changed) it tells them in any case.
 */
export function tellPresence(world: World, account: Account, anyway = false): void {
  const { presences } = world;
  const was = presences.online.has(account);
  const is = isAvailable(account);
  if (is) presences.online.add(account);
  else presences.online.delete(account);
  if (was && !is) {
    world.profiles.of(account).lastSeen = Number(world.clock.seconds());
    world.changed();
  }
  if (was === is && !anyway) return;
  for (const [device, form] of presences.watchersOf(account)) {
    const shown = presenceFor(world, account, device.account, form);
    if (shown) device.mailbox.pushVolatile(shown);
  }
  if (was !== is) for (const group of world.groups.of(account)) tellGroup(world, group);
}

/** A client, or the person at the phone, says that it is there, or that it is not. */
export function setAvailable(world: World, device: Device, available: boolean): void {
  device.available = available;
  world.events.tell({ kind: 'presence', jid: deviceJid(device), available });
  tellPresence(world, device.account);
}

/** A device's connection is over: it subscribes anew at its next login. */
export function leavePresence(world: World, device: Device): void {
  world.presences.forget(device);
  tellPresence(world, device.account);
}

/**
 * A subscription to a person, by number or LID. `token` is the trusted-contact token that the client has of that person;
 * without a good one somebody who asks for tokens shows nothing to strangers.
 */
export function watchPerson(
  world: World,
  device: Device,
  account: Account,
  form: Domain,
  token?: Buffer,
): void {
  const viewer = device.account;
  if (isStranger(world, account, viewer, token)) return;
  world.presences.watchAccount(device, account, form);
  const shown = presenceFor(world, account, viewer, form);
  if (shown) device.mailbox.pushVolatile(shown);
}

/** A subscription to a group: how many of it are there. Only for members. */
export function watchGroup(world: World, device: Device, group: Group): void {
  if (!group.members.has(device.account)) return;
  world.presences.watchGroup(device, group.jid);
  device.mailbox.pushVolatile(groupPresence(world, group));
}

/** Somebody was blocked: what they saw last must not stay. */
export function hidePresence(world: World, account: Account, from: Account): void {
  for (const [device, form] of world.presences.watchersOf(account)) {
    if (device.account === from)
      device.mailbox.pushVolatile(
        node('presence', { from: accountJid(account, form), type: 'unavailable', last: 'deny' }),
      );
  }
}

function tellGroup(world: World, group: Group): void {
  let shown: BinaryNode | undefined;
  for (const device of world.presences.watchersOfGroup(group.jid)) {
    if (!group.members.has(device.account)) continue;
    shown ??= groupPresence(world, group);
    device.mailbox.pushVolatile(shown);
  }
}

function groupPresence(world: World, group: Group): BinaryNode {
  let count = 0;
  for (const member of group.members.keys()) if (world.presences.online.has(member)) count++;
  return node('presence', { from: group.jid, count: String(count) });
}

function isAvailable(account: Account): boolean {
  for (const device of account.devices.values()) if (device.available) return true;
  return false;
}

/** What `viewer` may see; undefined when either has blocked the other. */
function presenceFor(world: World, account: Account, viewer: Account, form: Domain): BinaryNode | undefined {
  if (isBlocked(world, account, viewer) || isBlocked(world, viewer, account)) return undefined;
  const from = accountJid(account, form);
  if (isAvailable(account) && allows(world, account, viewer, 'online'))
    return node('presence', { from, type: 'available' });
  // Whoever shows nobody when they were there does not see it of others either (WhatsApp's own help page).
  const hides = viewer !== account && world.profiles.of(viewer).privacy.get('last') === 'none';
  if (hides || !allows(world, account, viewer, 'last'))
    return node('presence', { from, type: 'unavailable', last: 'deny' });
  const { lastSeen } = world.profiles.of(account);
  return node('presence', {
    from,
    type: 'unavailable',
    last: lastSeen === undefined ? undefined : String(lastSeen),
  });
}
