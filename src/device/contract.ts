/**
 * What the rest of `src/device` believes of Baileys and libsignal, checked at the start of every shard. Baileys is
 * pinned; when the pin moves and a belief with it, the start stops here with the name of the belief.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { inflate } from 'node:zlib';
import { Curve, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { LIDMappingStore } from '@whiskeysockets/baileys/lib/Signal/lid-mapping.js';
import { boundedInflate, SharedAsyncLocalStorage } from './shims.ts';

export const BAILEYS = '7.0.0-rc14';
/** Its ciphers' records and complaints are read by their bytes and words (session-record.ts, undecryptable.ts). */
export const BRIDGE = '0.5.4';

const require = createRequire(import.meta.url);

/** The wasm's package shows nothing but its code to `require`. */
function bridgeVersion(): string {
  const manifest = new URL('../package.json', import.meta.resolve('whatsapp-rust-bridge'));
  return (JSON.parse(readFileSync(fileURLToPath(manifest), 'utf8')) as { version: string }).version;
}

/** What is installed, read once. */
export const installed = {
  baileys: (require('@whiskeysockets/baileys/package.json') as { version: string }).version,
  bridge: bridgeVersion(),
  mappings: LIDMappingStore as unknown as new (...args: unknown[]) => { mappingCache?: { set: unknown } },
};

/** Each is tested by undoing its shim: a belief that holds either way protects nothing. */
export const beliefs: Readonly<Record<string, () => boolean>> = {
  [`@whiskeysockets/baileys is ${BAILEYS}`]: () => installed.baileys === BAILEYS,
  [`whatsapp-rust-bridge is ${BRIDGE}`]: () => installed.bridge === BRIDGE,
  'the cache of LIDs is a map of its own': () =>
    typeof new installed.mappings({}, undefined, undefined).mappingCache?.set === 'function',
  'AsyncLocalStorage is shared': () => Object.is(AsyncLocalStorage, SharedAsyncLocalStorage),
  'what is inflated has a limit': () => Object.is(inflate, boundedInflate),
  'Curve.verify refuses a wrong signature': () => {
    const pair = Curve.generateKeyPair();
    const message = Buffer.from('cardume');
    const signature = Curve.sign(pair.private, message);
    const wrong = Buffer.from(signature);
    wrong.writeUInt8(wrong.readUInt8(0) ^ 1, 0);
    return Curve.verify(pair.public, message, signature) && !Curve.verify(pair.public, message, wrong);
  },
  'the root key of the server can be replaced': () =>
    WA_CERT_DETAILS.PUBLIC_KEY.length === 32 &&
    Object.getOwnPropertyDescriptor(WA_CERT_DETAILS, 'PUBLIC_KEY')?.writable === true,
};

/** Throws with the first belief that does not hold. */
export function assertContract(): void {
  for (const [belief, holds] of Object.entries(beliefs))
    if (!holds()) throw new Error(`Baileys is not what Cardume was built for: "${belief}" does not hold`);
}
