/**
 * What the rest of `src/device` believes of Baileys and libsignal, checked at the start of every shard. Baileys is
 * pinned; when the pin moves and a belief with it, the start stops here with the name of the belief.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { Curve, WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { SharedAsyncLocalStorage } from './shims.ts';

export const BAILEYS = '7.0.0-rc14';

const require = createRequire(import.meta.url);

/** Each is tested by undoing its shim: a belief that holds either way protects nothing. */
export const beliefs: Readonly<Record<string, () => boolean>> = {
  [`@whiskeysockets/baileys is ${BAILEYS}`]: () =>
    (require('@whiskeysockets/baileys/package.json') as { version: string }).version === BAILEYS,
  'AsyncLocalStorage is shared': () => Object.is(AsyncLocalStorage, SharedAsyncLocalStorage),
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
