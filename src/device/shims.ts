/**
 * What has to be changed in the thread before Baileys is loaded, because afterwards it cannot be. Import this file
 * first. Each shim answers a measured fault of Baileys 7.0.0-rc14 on Node 20; `contract.ts` asserts that all of them
 * took hold, so a new version that evades one stops the start instead of degrading in silence.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import * as wasm from 'whatsapp-rust-bridge';

const require = createRequire(import.meta.url);

/**
 * One real AsyncLocalStorage for all. Baileys makes one per socket and never disables it, and Node <= 22 walks every
 * enabled one on every promise: an await costs 0.15 us with none, 145 us with 1,000. `enterWith` and `run` keep their
 * meaning; `disable` has nothing to free.
 */
interface Frame {
  readonly key: object;
  readonly value: unknown;
  readonly parent: Frame | undefined;
}

const frames = new AsyncLocalStorage<Frame>();

export class SharedAsyncLocalStorage<T> {
  getStore(): T | undefined {
    for (let frame = frames.getStore(); frame; frame = frame.parent)
      if (frame.key === this) return frame.value as T | undefined;
    return undefined;
  }

  run<R, A extends unknown[]>(value: T | undefined, work: (...args: A) => R, ...args: A): R {
    return frames.run({ key: this, value, parent: frames.getStore() }, work, ...args);
  }

  exit<R, A extends unknown[]>(work: (...args: A) => R, ...args: A): R {
    return this.run(undefined, work, ...args);
  }

  enterWith(value: T): void {
    frames.enterWith({ key: this, value, parent: frames.getStore() });
  }

  disable(): void {}
}

// Defined and not assigned: from Node 24 on it is a getter.
Object.defineProperty(require('node:async_hooks') as object, 'AsyncLocalStorage', {
  value: SharedAsyncLocalStorage,
  configurable: true,
  enumerable: true,
  writable: true,
});
syncBuiltinESMExports();

/**
 * Curve25519 in wasm instead of JavaScript (a signature: 0.2 ms instead of 14.8), and strict: libsignal's
 * `verifySignature` answers with a boolean that Baileys ignores, so any signature passed. Now a wrong one throws.
 */
interface Curve {
  generateKeyPair(): { pubKey: Buffer; privKey: Buffer };
  calculateAgreement(publicKey: Uint8Array, privateKey: Uint8Array): Buffer;
  calculateSignature(privateKey: Uint8Array, message: Uint8Array): Buffer;
  verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

const buffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** libsignal's public keys carry the type byte 5, Baileys' do not, the wasm wants it. */
const typed = (key: Uint8Array) => (key.length === 33 ? key : Buffer.concat([Buffer.of(5), key]));

const curve = require('libsignal/src/curve.js') as Curve;
curve.generateKeyPair = () => {
  const pair = wasm.generateKeyPair();
  return { pubKey: buffer(pair.pubKey), privKey: buffer(pair.privKey) };
};
curve.calculateAgreement = (publicKey, privateKey) =>
  buffer(wasm.calculateAgreement(typed(publicKey), privateKey));
curve.calculateSignature = (privateKey, message) => buffer(wasm.calculateSignature(privateKey, message));
curve.verifySignature = (publicKey, message, signature) => {
  if (!wasm.verifySignature(typed(publicKey), message, signature)) throw new Error('Invalid signature');
  return true;
};

/**
 * libsignal queues its work per peer address for the whole process, so one account waits for another's store and runs
 * in its async context. Our lane per device (`keys.ts`) orders the work instead.
 */
const queueJob = require.resolve('libsignal/src/queue_job.js');
require(queueJob);
const queueModule = require.cache[queueJob];
if (!queueModule) throw new Error('libsignal/src/queue_job.js is not a CommonJS module any more');
queueModule.exports = <T>(_bucket: unknown, job: () => Promise<T>) => job();

/**
 * libsignal tries a message on every session of its sender, and each attempt steps that session's ratchet. When a later
 * session fits, the record is stored with the earlier ones broken: two people who write to each other first at the same
 * time have two sessions, and lost 4 of 60 messages that way ("No matching sessions found"). Ours tries copies, the
 * sessions that know the message's chain first, and keeps only what decrypted.
 */
interface Session {
  readonly indexInfo: { used: number };
  pendingPreKey?: unknown;
  serialize(): object;
  getChain(key: Buffer): object | undefined;
}

interface Cipher {
  doDecryptWhisperMessage(message: Buffer, session: Session): Promise<Buffer>;
  decryptWithSessions(message: Buffer, sessions: Session[]): Promise<{ session: Session; plaintext: Buffer }>;
}

const { prototype: cipher } = require('libsignal/src/session_cipher.js') as { prototype: Cipher };
const { WhisperMessage } = require('libsignal/src/protobufs.js') as {
  WhisperMessage: { decode(bytes: Buffer): { ephemeralKey: Buffer } };
};
const { SessionError } = require('libsignal/src/errors.js') as {
  SessionError: new (message: string) => Error;
};

/** A WhisperMessage is one byte of version, the message, and 8 bytes of MAC (libsignal/src/session_cipher.js). */
const chainOf = (message: Buffer) => Buffer.from(WhisperMessage.decode(message.subarray(1, -8)).ephemeralKey);

function copyOf(session: Session): Session {
  return (session.constructor as unknown as { deserialize(data: object): Session }).deserialize(
    session.serialize(),
  );
}

export async function decryptWithSessions(
  this: Cipher,
  message: Buffer,
  sessions: Session[],
): Promise<{ session: Session; plaintext: Buffer }> {
  if (sessions.length === 0) throw new SessionError('No sessions available');
  const chain = sessions.length > 1 ? chainOf(message) : undefined;
  const knowing = chain ? sessions.filter(session => session.getChain(chain)) : sessions;
  const ordered = [...knowing, ...sessions.filter(session => !knowing.includes(session))];
  const failures: unknown[] = [];
  for (const session of ordered) {
    // With one session there is nothing to protect: when it fails the record is not stored.
    const copy = sessions.length === 1 ? session : copyOf(session);
    try {
      const plaintext = await this.doDecryptWhisperMessage(message, copy);
      copy.indexInfo.used = Date.now();
      Object.assign(session, copy);
      if (!copy.pendingPreKey) delete session.pendingPreKey;
      return { session, plaintext };
    } catch (error) {
      failures.push(error);
    }
  }
  const [cause] = failures;
  throw Object.assign(new SessionError('No matching sessions found for message'), { cause });
}

cipher.decryptWithSessions = decryptWithSessions;

/** libsignal prints whole sessions, private keys included, with `console.info`. Nothing in a shard may use the console. */
const silent = () => {};
for (const level of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const)
  console[level] = silent;

/**
 * Baileys takes three stacks for every frame that it sends (Utils/generics.js, promiseTimeout) and formats one of them:
 * 8 % of a shard's time with ten frames a stack. Five still say where an error came from.
 */
Error.stackTraceLimit = 5;
