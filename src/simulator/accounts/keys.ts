// Signal keys that the server hands out: bundles and one-time prekeys (protocol.md 6).
import { notification } from '../delivery/notify.ts';
import { type BinaryNode, bigEndian, node, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Device, deviceJid } from './accounts.ts';

// Baileys uploads more only when it is told of fewer than 5 (MIN_PREKEY_COUNT), so telling earlier is useless.
const LOW_PREKEYS = 5;

/** Takes the next one-time prekey of a device; tells the device when they run low. */
export function takePreKey(world: World, device: Device): { id: number; public: Uint8Array } | undefined {
  if (world.faults.armed?.fire('prekeys.exhausted', device)?.bundles) return undefined;
  const key = device.phone ? device.phone.signal.newPreKey() : device.preKeys.shift();
  if (key) world.ledger.preKeyHanded(deviceJid(device), key.id);
  if (device.phone) return key;
  // One that is away asks for its count at its next login.
  if (device.preKeys.length < LOW_PREKEYS && device.mailbox.live)
    device.mailbox.push(lowPreKeys(world, device));
  world.changed();
  return key;
}

// A fresh id each time: Baileys ignores a repeat of one that it is working on.
function lowPreKeys(world: World, device: Device): BinaryNode {
  const count = node('count', { value: String(device.preKeys.length) });
  return notification(world, { from: SERVER, type: 'encrypt' }, [count]);
}

/** A device's keys as bundles, digests and retry receipts carry them. */
export function keyNodes(device: Device): {
  registration: BinaryNode;
  type: BinaryNode;
  identity: BinaryNode;
  skey: BinaryNode;
} {
  const { registrationId, identity, signedPreKey } = device.keys;
  return {
    registration: node('registration', {}, bigEndian(registrationId, 4)),
    type: node('type', {}, Buffer.of(5)),
    identity: node('identity', {}, identity),
    skey: node('skey', {}, [
      node('id', {}, bigEndian(signedPreKey.id, 3)),
      node('value', {}, signedPreKey.public),
      node('signature', {}, signedPreKey.signature),
    ]),
  };
}
