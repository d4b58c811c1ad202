// From an authenticated socket to a device that is online: registration or login (protocol.md 3, 5).
import { proto } from '@whiskeysockets/baileys';
import { type Device, deviceJid, ownPhone } from '../accounts/accounts.ts';
import { tellDirty } from '../app-state/dirty.ts';
import type { FaultParams } from '../faults/catalogue.ts';
import { leavePresence } from '../presence/presence.ts';
import type { CloseName } from '../wire/closes.ts';
import type { Connection } from '../wire/connection.ts';
import { typed, verify } from '../wire/crypto.ts';
import type { Authenticated } from '../wire/handshake.ts';
import { node, ProtocolError, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { Registration } from './pairing-desk.ts';

/** Real ones have about 60 bytes. */
const MAX_PROPS = 4_096;

/** Decides what an authenticated client is: one that wants to be linked, or a device that logs in. */
export function authenticate(world: World, connection: Connection, client: Authenticated): void {
  const pairing = client.payload.devicePairingData;
  if (pairing) {
    const registration = readRegistration(client, pairing);
    if (struckAtLogin(world, connection, undefined)) return;
    connection.registration = registration;
    connection.admit();
    connection.onEnd(() => world.desk.forget(connection));
    offerRefs(world, connection);
    return;
  }
  const device = world.accounts.byNoiseKey(client.noiseKey);
  // Nothing but the noise key authenticates; number and device must agree with it all the same.
  const named =
    String(client.payload.username ?? '') === device?.account.phone && client.payload.device === device?.id;
  if (!device || !named) connection.refuse('401');
  else if (!struckAtLogin(world, connection, device)) login(world, connection, device);
}

/** True when a fault ended the connection instead of a login. */
function struckAtLogin(world: World, connection: Connection, device: Device | undefined): boolean {
  const fault = world.faults.armed?.first('login', device);
  if (!fault) return false;
  if (fault.name === 'login.refuse') {
    const { reason, message, code, expire } = fault.params as FaultParams<'login.refuse'>;
    connection.refuse(reason, { message, code, expire: expire?.toString() });
  } else {
    const { expire } = fault.params as FaultParams<'login.tcp'>;
    connection.close(fault.name.slice('login.'.length) as CloseName, { expire });
  }
  // A mute connection goes on: the server hears what it cannot answer.
  return connection.over;
}

function readRegistration(
  client: Authenticated,
  data: proto.ClientPayload.IDevicePairingRegistrationData,
): Registration {
  const sized = (value: Uint8Array | null | undefined, length: number) => {
    if (value?.length !== length) throw new ProtocolError('incomplete registration');
    return Buffer.from(value);
  };
  const identity = sized(data.eIdent, 32);
  const key = sized(data.eSkeyVal, 32);
  const signature = sized(data.eSkeySig, 64);
  if (!verify(identity, typed(key), signature)) throw new ProtocolError('the signed prekey is not signed');
  return {
    keys: {
      registrationId: sized(data.eRegid, 4).readUInt32BE(),
      identity,
      signedPreKey: { id: sized(data.eSkeyId, 3).readUIntBE(0, 3), public: key, signature },
    },
    noiseKey: client.noiseKey,
    pushName: client.payload.pushName || undefined,
    props: readProps(data.deviceProps),
  };
}

/** What the client says it is and wants (DeviceProps, protocol.md 3): kept as it came, once it is known to be one. */
function readProps(encoded: Uint8Array | null | undefined): Uint8Array | undefined {
  if (!encoded || encoded.length === 0 || encoded.length > MAX_PROPS) return undefined;
  try {
    proto.DeviceProps.decode(encoded);
  } catch (error) {
    throw new ProtocolError('the device props are not a protobuf', { cause: error });
  }
  return Buffer.from(encoded);
}

function offerRefs(world: World, connection: Connection): void {
  const refs = world.desk.issueRefs(connection).map(ref => node('ref', {}, Buffer.from(ref)));
  const attrs = { from: SERVER, type: 'set', id: world.nextId(), xmlns: 'md' };
  connection.ask(node('iq', attrs, [node('pair-device', {}, refs)]), () => {});
}

function login(world: World, connection: Connection, device: Device): void {
  // The older socket loses; what it did not confirm waits for the new one.
  device.connection?.close('replaced');
  connection.admit(device);
  device.connection = connection;
  device.logins++;
  world.ledger.loggedIn(deviceJid(device));
  world.events.tell({ kind: 'login', jid: deviceJid(device) });
  device.mailbox.attach(connection);
  const lid = deviceJid(device, 'lid');
  connection.send(
    node('success', {
      t: world.clock.seconds(),
      lid,
      props: '27',
      abprops: '1',
      group_abprops: '1',
      location: 'sim',
    }),
  );
  tellDirty(world, device);
  connection.onEnd(name => away(world, device, connection, name));
  world.changed();
}

/** The device's connection has ended: what comes from now on waits for the next one. */
function away(world: World, device: Device, connection: Connection, name: string): void {
  if (device.connection === connection) {
    device.connection = undefined;
    device.available = false;
    device.lastClose = name;
    device.mailbox.detach();
    const jid = deviceJid(device);
    world.ledger.closed(jid, name);
    world.events.tell({ kind: 'close', jid, close: name });
    world.changed();
  }
  leavePresence(world, device);
}

/** The client said `active`: what waited for it is delivered, and a new device then hears from its phone. */
export function activate(device: Device): void {
  device.mailbox.activate(() => hearPhone(device));
}

/**
 * Once a new device is there and has uploaded prekeys its phone tells it everything: a session takes one of them, and
 * some clients upload only after they went active (whatsapp-rust src/client/node_io.rs). At a second login it is told
 * anyway.
 */
export function hearPhone(device: Device): void {
  const ready = device.mailbox.live && (device.preKeys.length > 0 || device.logins > 1);
  if (ready && !device.bootstrapped) ownPhone(device.account)?.bootstrap(device);
}
