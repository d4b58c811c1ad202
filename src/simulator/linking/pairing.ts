// Linking a device once its QR was scanned or its code entered: ADV, pair-success, then 515 (protocol.md 4).
import { proto } from '@whiskeysockets/baileys';
import { type Account, type Device, deviceJid, ownPhone } from '../accounts/accounts.ts';
import { acceptDeviceSignature, pairingContainer, signDevice, signedIdentity } from '../accounts/adv.ts';
import { announceDevice } from '../accounts/device-list.ts';
import { ensureAccount } from '../accounts/phones.ts';
import { joinSeeded } from '../groups/seeds.ts';
import { Refused } from '../refused.ts';
import type { Connection } from '../wire/connection.ts';
import { jid } from '../wire/jid.ts';
import { type BinaryNode, bytes, child, node, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { replyOf } from './reply.ts';

/** How long a client may take to sign its identity. It needs two signatures; rc14's pure JS takes 15 ms each. */
const SIGN_WITHIN_MS = 10_000;

/** What a QR tells the phone. */
interface Qr {
  readonly ref: string;
  readonly noiseKey: Buffer;
  readonly identity: Buffer;
  readonly advSecret: Buffer;
}

/** Reads a QR's text: `[URL#]ref,noise key,identity,adv secret[,platform]`, keys in base64. Throws {@link Refused}. */
function parseQr(text: string): Qr {
  const [ref, ...keys] = text
    .slice(text.indexOf('#') + 1)
    .trim()
    .split(',');
  const [noiseKey, identity, advSecret] = keys.map(key => Buffer.from(key, 'base64'));
  if (!ref || noiseKey?.length !== 32 || identity?.length !== 32 || advSecret?.length !== 32) {
    throw new Refused(400, 'this is not the text of a WhatsApp linking QR code');
  }
  return { ref, noiseKey, identity, advSecret };
}

/**
 * The phone scans. Its number: the given one, else the client's push name where that is a number, else the account of
 * that push name, else a fresh one. Resolves when the device is linked; throws {@link Refused}.
 */
export async function scanQr(world: World, text: string, phone?: string): Promise<Device> {
  const qr = parseQr(text);
  const connection = world.desk.byRef(qr.ref);
  const registration = connection?.registration;
  if (!connection || !registration)
    throw new Refused(404, 'no open socket shows this QR code (it may have expired)');
  if (!qr.identity.equals(registration.keys.identity) || !qr.noiseKey.equals(registration.noiseKey)) {
    throw new Refused(400, 'the keys in the QR code are not those of the socket that shows it');
  }
  const account = accountFor(world, phone, registration.pushName);
  return link(world, connection, account, qr.advSecret);
}

function accountFor(world: World, phone: string | undefined, name: string | undefined): Account {
  if (phone !== undefined) return ensureAccount(world, phone, name);
  if (name === undefined) return ensureAccount(world, world.accounts.freshPhone());
  if (/^\d{5,15}$/.test(name)) return ensureAccount(world, name, name);
  return world.accounts.byName(name) ?? ensureAccount(world, world.accounts.freshPhone(name), name);
}

/**
 * That the account's chats go by LID: from then on a client addresses people so (whatsapp-rust src/pair.rs, WhatsApp Web
 * `setIsLidMigrated`). Baileys and whatsmeow do not read it.
 */
function clientProps(world: World): BinaryNode[] {
  if (world.delivery.addressing !== 'lid') return [];
  const props = proto.ClientPairingProps.encode({ isChatDbLidMigrated: true });
  return [node('client-props', {}, props.finish())];
}

/** Sends pair-success, checks the client's signature, stores the device and asks it to reconnect. */
export async function link(
  world: World,
  connection: Connection,
  account: Account,
  advSecret: Uint8Array,
): Promise<Device> {
  const registration = connection.registration;
  if (!registration) throw new Refused(409, 'this socket is being linked already');
  const id = world.accounts.takeDeviceId(account);
  if (id === undefined)
    throw new Refused(409, 'this phone has linked 255 devices and has no number left for another');
  connection.registration = undefined;
  world.desk.forget(connection);
  const half = signDevice(account, id, registration.keys.identity, world.clock.unixSeconds());
  const attrs = { from: SERVER, type: 'set', id: world.nextId(), xmlns: 'md', t: world.clock.seconds() };
  const success = node('pair-success', {}, [
    node('device-identity', {}, pairingContainer(account, half, advSecret)),
    // With the device in both forms; the LID must be the one that every login repeats (protocol.md 5.1).
    node('device', { jid: jid(account.phone, 's.whatsapp.net', id), lid: jid(account.lid, 'lid', id) }),
    node('platform', { name: 'android' }),
    node('biz', { name: account.name }),
    ...clientProps(world),
  ]);

  const gone = new Refused(409, 'the client went away while it was being linked');
  const answer = await replyOf<BinaryNode>(connection, SIGN_WITHIN_MS, gone, take =>
    connection.ask(node('iq', attrs, [success]), take),
  );
  if (world.accounts.byPhone(account.phone) !== account) {
    connection.close('unauthorized');
    throw new Refused(409, `phone ${account.phone} was removed while it was being linked`);
  }
  const identity = bytes(child(child(answer, 'pair-device-sign'), 'device-identity'));
  const signature = identity && acceptDeviceSignature(identity, half, registration.keys.identity, account);
  if (!signature) {
    connection.close('unauthorized');
    throw new Refused(409, 'the client did not sign its device identity');
  }
  // It is in somebody's hands now (delivery/settings.ts `phones`).
  const phone = ownPhone(account);
  if (world.delivery.phones === 'off' && phone && !phone.on) phone.switch(true);
  // Before there is anybody to tell: a notification would come before the keys that it takes to read the patch.
  phone?.appState.prepare();
  const device = world.accounts.addCompanion(account, id, {
    keys: registration.keys,
    noiseKey: registration.noiseKey,
    props: registration.props,
    signedIdentity: signedIdentity(account, half, signature),
  });
  world.ledger.totals.pairings++;
  world.events.tell({ kind: 'linked', jid: deviceJid(device) });
  announceDevice(world, device, 'add');
  joinSeeded(world, account);
  world.changed();
  connection.close('restart');
  return device;
}
