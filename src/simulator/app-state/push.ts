// A patch on its way: numbered, stored, and the account's other devices told that there is one (protocol.md 13).
import { type Account, accountJid, type Device } from '../accounts/accounts.ts';
import { notification } from '../delivery/notify.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { CollectionName } from './collections.ts';

/** Tells every device of the account but the one that wrote it; the phone reads at once. */
export function announcePatch(world: World, account: Account, name: CollectionName, writer: Device): void {
  const version = String(world.appState.of(account, name).version);
  for (const device of account.devices.values()) {
    if (device === writer) continue;
    if (device.phone) device.phone.appState.catchUp(name);
    else tell(world, device, name, version);
  }
  world.changed();
}

function tell(world: World, device: Device, name: CollectionName, version: string): void {
  // One that is away is told once per collection, however much is written meanwhile.
  const told = world.appState.told(device, name);
  const collection = told && device.mailbox.holds(told) ? (told.content as BinaryNode[])[0] : undefined;
  if (collection) {
    collection.attrs.version = version;
    return;
  }
  const attrs = { from: accountJid(device.account), type: 'server_sync' };
  const fresh = notification(world, attrs, [node('collection', { name, version })]);
  world.appState.tell(device, name, fresh);
  device.mailbox.push(fresh);
}
