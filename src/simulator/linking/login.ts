// From an authenticated socket to a device that is online: registration or login (protocol.md 3, 5).
import type { proto } from '@whiskeysockets/baileys';
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { tellPresence } from '../stanzas/presence.ts';
import type { Connection } from '../wire/connection.ts';
import { typed, verify } from '../wire/crypto.ts';
import type { Authenticated } from '../wire/handshake.ts';
import { node, ProtocolError, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { Registration } from './pairing-desk.ts';

/** Decides what an authenticated client is: one that wants to be linked, or a device that logs in. */
export function authenticate(world: World, connection: Connection, client: Authenticated): void {
  const pairing = client.payload.devicePairingData;
  if (pairing) {
    connection.registration = readRegistration(client, pairing);
    offerRefs(world, connection);
    return;
  }
  const device = world.accounts.byNoiseKey(client.noiseKey);
  // Nothing but the noise key authenticates; number and device must agree with it all the same.
  const named =
    String(client.payload.username ?? '') === device?.account.phone && client.payload.device === device?.id;
  const refusal = device && named ? world.faults.loginRefusal(deviceJid(device)) : '401';
  if (!device || refusal !== undefined) connection.refuse(refusal ?? '401');
  else login(world, connection, device);
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
  };
}

function offerRefs(world: World, connection: Connection): void {
  const refs = world.desk.issueRefs(connection).map(ref => node('ref', {}, Buffer.from(ref)));
  const attrs = { from: SERVER, type: 'set', id: world.nextId(), xmlns: 'md' };
  connection.ask(node('iq', attrs, [node('pair-device', {}, refs)]), () => {});
}

function login(world: World, connection: Connection, device: Device): void {
  // The older socket loses; what it did not confirm waits for the new one.
  device.connection?.close('replaced');
  connection.device = device;
  device.connection = connection;
  device.logins++;
  world.ledger.totals.logins++;
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
  connection.onEnd(() => tellPresence(world, device.account));
  world.changed();
}

/** The client said `active`: what waited for it is delivered, and a new device then hears from its phone. */
export function activate(world: World, device: Device): void {
  device.mailbox.activate(() => {
    if (device.bootstrapped) return;
    device.bootstrapped = true;
    device.account.devices.get(0)?.phone?.bootstrap(device);
    world.changed();
  });
}
