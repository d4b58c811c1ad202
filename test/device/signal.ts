// Two who talk: real Baileys credentials and the real libsignal repository, on whatever key store a test gives them.
import '../../src/device/shims.ts';
import {
  type AuthenticationCreds,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  generateSignalPubKey,
  initAuthCreds,
  type SignalDataTypeMap,
  type SignalKeyStoreWithTransaction,
  type SocketConfig,
} from '@whiskeysockets/baileys';
import pino from 'pino';
import { renewing } from '../../src/device/signal/renewal.ts';

export const quiet = pino({ level: 'silent' });

export type Make = SocketConfig['makeSignalRepository'];
export type Repository = ReturnType<Make>;
export type Ciphertext = Awaited<ReturnType<Repository['encryptMessage']>>;
type Kind = keyof SignalDataTypeMap;

/** A key store in memory. `keep` is what becomes of a value on its way to the disk and back. */
export function memoryKeys(keep: (kind: Kind, value: never) => unknown = (_kind, value) => value) {
  const values = new Map<string, unknown>();
  const keys: SignalKeyStoreWithTransaction & { values: typeof values } = {
    values,
    isInTransaction: () => false,
    transaction: work => work(),
    get: async (kind, ids) =>
      Object.fromEntries(ids.map(id => [id, values.get(`${kind}/${id}`)]).filter(([, value]) => value)),
    set: async data => {
      for (const [kind, entries] of Object.entries(data))
        for (const [id, value] of Object.entries(entries ?? {})) {
          if (value === null) values.delete(`${kind}/${id}`);
          else values.set(`${kind}/${id}`, keep(kind as Kind, value as never));
        }
    },
  };
  return keys;
}

export interface Peer {
  /** A LID, so that nobody has to look up one. */
  readonly jid: string;
  readonly creds: AuthenticationCreds;
  readonly keys: SignalKeyStoreWithTransaction;
  readonly repository: Repository;
}

export function makePeer(
  jid: string,
  keys: SignalKeyStoreWithTransaction = memoryKeys(),
  make: Make = DEFAULT_CONNECTION_CONFIG.makeSignalRepository,
  creds = initAuthCreds(),
): Peer {
  return { jid, creds, keys, repository: make({ creds, keys }, quiet, async () => undefined) };
}

/**
 * `from` fetches a bundle of `to`, with a new one-time key unless it has none left, and has a new session from then on, as
 * for a retry receipt; with `wanted: false` as for a look-up of devices.
 */
export async function introduce(from: Peer, to: Peer, { oneTime = true, wanted = true } = {}): Promise<void> {
  const { creds, jid } = to;
  const preKey = oneTime ? await newPreKey(to) : undefined;
  const given = {
    jid,
    session: {
      registrationId: creds.registrationId,
      identityKey: generateSignalPubKey(creds.signedIdentityKey.public),
      signedPreKey: {
        keyId: creds.signedPreKey.keyId,
        publicKey: generateSignalPubKey(creds.signedPreKey.keyPair.public),
        signature: creds.signedPreKey.signature,
      },
      ...(preKey && { preKey }),
    },
  };
  const inject = () => from.repository.injectE2ESession(given);
  await (wanted ? renewing(inject) : inject());
}

async function newPreKey({ creds, keys }: Peer) {
  const keyId = creds.nextPreKeyId++;
  const pair = Curve.generateKeyPair();
  await keys.set({ 'pre-key': { [keyId]: pair } });
  return { keyId, publicKey: generateSignalPubKey(pair.public) };
}

export function say(from: Peer, to: Peer, text: string): Promise<Ciphertext> {
  return from.repository.encryptMessage({ jid: to.jid, data: Buffer.from(text) });
}

export async function hear(to: Peer, from: Peer, { type, ciphertext }: Ciphertext): Promise<string> {
  const plaintext = await to.repository.decryptMessage({ jid: from.jid, type, ciphertext });
  return Buffer.from(plaintext).toString();
}

/** A session in both directions, past the first messages that carry pre-keys. */
export async function acquaint(one: Peer, other: Peer): Promise<void> {
  await introduce(one, other);
  await hear(other, one, await say(one, other, 'hello'));
  await hear(one, other, await say(other, one, 'hello'));
}
