/**
 * What has to be changed in the thread before Baileys is loaded, because afterwards it cannot be. Import this file
 * first. Each shim answers a measured fault of Baileys 7.0.0-rc14 on Node 20; `contract.ts` asserts that all of them
 * took hold, so a new version that evades one stops the start instead of degrading in silence.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import type { Inflate, ZlibOptions } from 'node:zlib';
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

/**
 * Baileys inflates whatever comes, whole and without a limit (WABinary/decode.ts, Utils/history.ts): a frame of 16 MB may
 * hold 16 GB of nothing. A chunk of history is some MB.
 */
export const MOST_INFLATED = 64 * 1024 * 1024;

const zlib = require('node:zlib') as Pick<typeof import('node:zlib'), 'inflate' | 'createInflate'>;
const { inflate, createInflate } = zlib;
type Inflated = (error: Error | null, result: Buffer) => void;

export function boundedInflate(buffer: Uint8Array, ...rest: [Inflated] | [ZlibOptions, Inflated]): void {
  const [options, done] = rest.length === 1 ? [{}, rest[0]] : rest;
  inflate(buffer, { maxOutputLength: MOST_INFLATED, ...options }, done);
}

/** Of a stream Node bounds nothing. */
function boundedInflater(options?: ZlibOptions): Inflate {
  const inflater = createInflate(options);
  const push = inflater.push.bind(inflater);
  let bytes = 0;
  inflater.push = (chunk: Uint8Array | null, encoding?: BufferEncoding) => {
    bytes += chunk?.byteLength ?? 0;
    if (bytes <= MOST_INFLATED) return push(chunk, encoding);
    inflater.destroy(new RangeError(`more than ${MOST_INFLATED} bytes were deflated into this`));
    return false;
  };
  return inflater;
}
for (const [name, value] of Object.entries({ inflate: boundedInflate, createInflate: boundedInflater }))
  Object.defineProperty(zlib, name, { value, configurable: true, enumerable: true, writable: true });

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

/** Baileys and its dependencies print; libsignal whole sessions with their private keys. Nothing in a shard may use the console. */
const silent = () => {};
for (const level of ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const)
  console[level] = silent;

/**
 * Baileys takes three stacks for every frame that it sends (Utils/generics.js, promiseTimeout) and formats one of them:
 * 8 % of a shard's time with ten frames a stack. Five still say where an error came from.
 */
Error.stackTraceLimit = 5;
