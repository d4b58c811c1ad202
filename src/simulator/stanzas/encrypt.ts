// xmlns `encrypt`: prekey counts, uploads, digests, rotation and bundles (protocol.md 5.2, 6).
import { createHash } from 'node:crypto';
import { type Device, deviceJid, type SignedPreKey } from '../accounts/accounts.ts';
import { keyNodes, takePreKey } from '../accounts/keys.ts';
import { hearPhone } from '../linking/login.ts';
import { typed, verify } from '../wire/crypto.ts';
import {
  attr,
  type BinaryNode,
  bigEndian,
  child,
  childBytes,
  children,
  node,
  ProtocolError,
} from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Answer, errorNode, IqError } from './request.ts';

const count: Answer = ({ world, device }) => {
  const exhausted = world.faults.armed?.fire('prekeys.exhausted', device)?.count;
  return [node('count', { value: exhausted ? '0' : String(device.preKeys.length) })];
};

/** A client uploads 812 at first, 50 or 5 later; more than this is not kept. */
const MAX_PREKEYS = 5_000;

/** Appends one-time prekeys; ids that are there already are skipped. */
const upload: Answer = ({ world, device, iq, after }) => {
  const identity = childBytes(iq, 'identity', 32);
  if (!identity.equals(device.keys.identity)) throw new IqError(406);
  const known = new Set(device.preKeys.map(key => key.id));
  for (const key of children(child(iq, 'list'), 'key')) {
    const id = childBytes(key, 'id', 3).readUIntBE(0, 3);
    world.ledger.preKeyUploaded(deviceJid(device), id, childBytes(key, 'value', 32));
    if (known.has(id) || device.preKeys.length >= MAX_PREKEYS) continue;
    known.add(id);
    device.preKeys.push({ id, public: childBytes(key, 'value', 32) });
  }
  device.keys.signedPreKey = readSignedPreKey(device, child(iq, 'skey'));
  world.changed();
  after(() => hearPhone(device));
  return [];
};

const rotate: Answer = ({ world, device, content }) => {
  device.keys.signedPreKey = readSignedPreKey(device, child(content, 'skey'));
  world.changed();
  return [];
};

function readSignedPreKey(device: Device, skey: BinaryNode | undefined): SignedPreKey {
  if (!skey) throw new ProtocolError('no <skey>');
  const id = childBytes(skey, 'id', 3).readUIntBE(0, 3);
  const value = childBytes(skey, 'value', 32);
  const signature = childBytes(skey, 'signature', 64);
  if (!verify(device.keys.identity, typed(value), signature)) throw new IqError(406);
  return { id, public: value, signature };
}

/** What the server holds, and a hash of it (whatsapp-rust wacore/src/iq/prekeys.rs). */
const digest: Answer = ({ device }) => {
  if (device.preKeys.length === 0) throw new IqError(404);
  const { registration, type, identity, skey } = keyNodes(device);
  const hash = createHash('sha1')
    .update(device.keys.identity)
    .update(device.keys.signedPreKey.public)
    .update(device.keys.signedPreKey.signature);
  for (const key of device.preKeys) hash.update(key.public);
  const ids = device.preKeys.map(key => node('id', {}, bigEndian(key.id, 3)));
  return [
    node('digest', {}, [
      registration,
      type,
      identity,
      skey,
      node('list', {}, ids),
      node('hash', {}, hash.digest()),
    ]),
  ];
};

/** A group of 1,024 whose members have several devices each, with room; making a phone's prekey takes time. */
const MAX_BUNDLES = 10_000;

/**
 * Bundles, one one-time prekey each. Devices that are not there are left out: one `<error>` kills a whole batch in
 * Baileys (parseAndInjectE2ESessions). whatsmeow and whatsapp-rust read the error form, which is behind a switch.
 */
const bundles: Answer = ({ world, device, content }) => {
  // A device that is named again has its bundle already.
  const asked = new Set(children(content, 'user').map(user => attr(user, 'jid')));
  if (asked.size > MAX_BUNDLES) throw new IqError(429);
  const users = [...asked].flatMap(jid => {
    const target = world.accounts.device(jid);
    if (!target) return world.delivery.bundleErrors ? [noBundle(jid)] : [];
    target.account.watchers.add(device.account);
    return [bundle(world, target, jid)];
  });
  return [node('list', {}, users)];
};

const noBundle = (jid: string): BinaryNode => node('user', { jid }, [errorNode(404)]);

// The JID goes back exactly as asked: Baileys stores the session under it.
function bundle(world: World, target: Device, jid: string): BinaryNode {
  const { registration, type, identity, skey } = keyNodes(target);
  const content = [registration, type, identity, skey];
  const oneTime = takePreKey(world, target);
  if (oneTime) {
    const fields = [node('id', {}, bigEndian(oneTime.id, 3)), node('value', {}, oneTime.public)];
    content.push(node('key', {}, fields));
  }
  if (target.signedIdentity) content.push(node('device-identity', {}, target.signedIdentity));
  return node('user', { jid, t: world.clock.seconds() }, content);
}

export const encryptIqs: Readonly<Record<string, Answer>> = {
  'encrypt/get/count': count,
  'encrypt/get/digest': digest,
  'encrypt/get/key': bundles,
  'encrypt/set/rotate': rotate,
  'encrypt/set/registration': upload,
  'encrypt/set/identity': upload,
};
