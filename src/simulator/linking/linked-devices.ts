// Devices that are linked already, with the credentials to log in: a test starts with hundreds in a second.
import { randomBytes, randomInt } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type AuthenticationCreds, BufferJSON, proto } from '@whiskeysockets/baileys';
import { accountJid, type Device, deviceJid, ownPhone } from '../accounts/accounts.ts';
import { deviceSignatureText, signDevice, signedIdentity } from '../accounts/adv.ts';
import { announceDevice } from '../accounts/device-list.ts';
import { ensureAccount } from '../accounts/phones.ts';
import type { AppStateKey } from '../app-state/key-ring.ts';
import { joinSeeded } from '../groups/seeds.ts';
import { Refused } from '../refused.ts';
import { toBase64 } from '../state/base64.ts';
import { generateKeyPair, type KeyPair, sign, typed } from '../wire/crypto.ts';
import type { World } from '../world.ts';

/** One linked device as its client would have stored it. */
export interface LinkedDevice {
  readonly phone: string;
  readonly jid: string;
  readonly lid: string;
  /** Baileys' AuthenticationCreds as BufferJSON text. */
  readonly credentials: string;
  /** The one-time prekeys that the server holds; the client needs their private halves. Base64. */
  readonly preKeys: { readonly id: number; readonly public: string; readonly private: string }[];
  /** What the phone would have sent: id and encoded AppStateSyncKeyData, base64, the one to write with last. */
  readonly appStateKeys: { readonly id: string; readonly data: string }[];
}

export interface LinkRequest {
  readonly count: number;
  /** Numbers are `<prefix><n>`; the next device of an account that exists, a new account otherwise. */
  readonly prefix?: string | undefined;
  /** One-time prekeys each; above 5, so that no client uploads at its first login. */
  readonly preKeys?: number | undefined;
}

const PREKEYS = 10;
/** Devices in a row. */
const TURN = 10;

/** About a millisecond of curve arithmetic each: with many, those who are connected get their turn in between. */
export async function makeLinkedDevices(world: World, request: LinkRequest): Promise<LinkedDevice[]> {
  const made: LinkedDevice[] = [];
  for (let index = 1; index <= request.count; index++) {
    const phone = request.prefix && `${request.prefix}${String(index).padStart(4, '0')}`;
    made.push(makeLinkedDevice(world, phone ?? world.accounts.freshPhone(), request.preKeys ?? PREKEYS));
    if (index % TURN === 0) await setImmediate();
  }
  return made;
}

function makeLinkedDevice(world: World, phone: string, count: number): LinkedDevice {
  const account = ensureAccount(world, phone);
  const id = world.accounts.takeDeviceId(account);
  if (id === undefined)
    throw new Refused(409, `phone ${phone} has linked 255 devices and has no number left`);
  const noise = generateKeyPair();
  const identity = generateKeyPair();
  const signedPreKey = generateKeyPair();
  const signature = sign(identity.private, typed(signedPreKey.public));
  const registrationId = randomInt(1, 16_380);
  const preKeys = Array.from({ length: count }, (_, index) => ({ id: index + 1, pair: generateKeyPair() }));

  const half = signDevice(account, id, identity.public, Number(world.clock.seconds()));
  const deviceSignature = sign(identity.private, deviceSignatureText(half, identity.public, account));
  const stored = signedIdentity(account, half, deviceSignature);
  const device = world.accounts.addCompanion(account, id, {
    keys: {
      registrationId,
      identity: identity.public,
      signedPreKey: { id: 1, public: signedPreKey.public, signature },
    },
    noiseKey: noise.public,
    signedIdentity: stored,
    preKeys: preKeys.map(key => ({ id: key.id, public: key.pair.public })),
  });
  device.bootstrapped = true;
  announceDevice(world, device, 'add');
  joinSeeded(world, account);
  world.changed();

  const primary = ownPhone(account)!;
  primary.rest();
  const { keys } = primary.appState;
  const appStateKeys = keys.current && keys.all();
  const keyPair = (pair: KeyPair) => ({
    public: Buffer.from(pair.public),
    private: Buffer.from(pair.private),
  });
  const creds: AuthenticationCreds = {
    noiseKey: keyPair(noise),
    pairingEphemeralKeyPair: keyPair(generateKeyPair()),
    signedIdentityKey: keyPair(identity),
    signedPreKey: { keyPair: keyPair(signedPreKey), signature: Buffer.from(signature), keyId: 1 },
    registrationId,
    advSecretKey: randomBytes(32).toString('base64'),
    me: { id: deviceJid(device), name: account.name, lid: deviceJid(device, 'lid') },
    account: proto.ADVSignedDeviceIdentity.decode(stored),
    signalIdentities: [
      {
        identifier: { name: accountJid(account, 'lid'), deviceId: 0 },
        identifierKey: Buffer.from(typed(account.identity.public)),
      },
    ],
    platform: 'android',
    nextPreKeyId: count + 1,
    firstUnuploadedPreKeyId: count + 1,
    // Not 0: a first sync would wait 20 s for a history that no phone sends.
    accountSyncCounter: 1,
    accountSettings: { unarchiveChats: false },
    processedHistoryMessages: [],
    registered: true,
    pairingCode: undefined,
    lastPropHash: undefined,
    myAppStateKeyId: toBase64(appStateKeys.at(-1)!.id),
    routingInfo: undefined,
  };
  return describe(device, creds, preKeys, appStateKeys);
}

function describe(
  device: Device,
  creds: AuthenticationCreds,
  keys: { id: number; pair: KeyPair }[],
  appStateKeys: readonly AppStateKey[],
): LinkedDevice {
  return {
    phone: device.account.phone,
    jid: deviceJid(device),
    lid: deviceJid(device, 'lid'),
    credentials: JSON.stringify(creds, BufferJSON.replacer),
    appStateKeys: appStateKeys.map(({ id, data }) => ({ id: toBase64(id), data: toBase64(data) })),
    preKeys: keys.map(({ id, pair }) => ({
      id,
      public: toBase64(pair.public),
      private: toBase64(pair.private),
    })),
  };
}
