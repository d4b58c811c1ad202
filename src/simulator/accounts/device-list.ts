// Telling those who know an account's device list that it changed (protocol.md 8.5).

import { node, unixNow } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Account, accountJid, type Device, deviceJid } from './accounts.ts';
import { keyIndexList } from './adv.ts';

/** Removes a companion for good: its login is refused from now on. */
export function unlink(world: World, device: Device, how: 'device-removed' | 'logout'): void {
  world.accounts.removeCompanion(device);
  device.account.devices.get(0)?.phone?.forget(device);
  announceDevice(world, device, 'remove');
  world.events.tell({ kind: 'unlinked', jid: deviceJid(device) });
  if (how === 'device-removed') device.connection?.close('device-removed');
  world.changed();
}

export function announceDevice(world: World, device: Device, change: 'add' | 'remove'): void {
  const account = device.account;
  const named = node('device', { jid: deviceJid(device), 'key-index': String(device.id) });
  const list = node(
    'key-index-list',
    { ts: unixNow() },
    change === 'add' ? keyIndexList(account) : undefined,
  );
  const attrs = { from: accountJid(account), lid: accountJid(account, 'lid'), type: 'devices', t: unixNow() };
  const heard = new Set<Account>([account, ...account.watchers]);
  for (const listener of heard) {
    for (const companion of listener.devices.values()) {
      if (companion === device || companion.id === 0) continue;
      companion.mailbox.push(
        node('notification', { ...attrs, id: world.nextId() }, [node(change, {}, [named, list])]),
      );
    }
  }
}
