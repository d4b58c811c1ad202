// Faults before a device is online: at the upgrade, in the handshake, at the login.
import { z } from '@hono/zod-openapi';
import { type CloseName, closeNames, closes } from '../wire/closes.ts';
import { closing } from './closing.ts';
import { type Kind, kind, nothing } from './kind.ts';

const reason = z.union([z.string().min(1), z.number().int().transform(String)]);

export const connectingFaults = {
  // Baileys rc14 hangs on any status (protocol.md 1.1); a client needs a watchdog of its own.
  'upgrade.refuse': kind({
    doc: 'The WebSocket upgrade is answered with an HTTP status instead.',
    at: 'upgrade',
    params: z.strictObject({
      status: z.number().int().min(400).max(599).default(503),
      /** Seconds. */
      retryAfter: z.number().int().min(0).optional(),
    }),
  }),
  'upgrade.silent': kind({
    doc: 'The upgrade request is never answered.',
    at: 'upgrade',
    params: nothing,
  }),
  'upgrade.drop': kind({
    doc: 'The TCP connection is reset instead of upgraded.',
    at: 'upgrade',
    params: nothing,
  }),
  'handshake.silent': kind({
    doc: 'The client hello is never answered: no server hello comes.',
    at: 'handshake',
    params: nothing,
  }),
  'handshake.garbage': kind({
    doc: 'The server hello is a frame of random bytes.',
    at: 'handshake',
    params: nothing,
  }),
  'handshake.drop': kind({
    doc: 'The TCP connection is reset after the client hello.',
    at: 'handshake',
    params: nothing,
  }),
  // What of this a client notices is its own affair: Baileys rc14 believes any 64 bytes to be a signature.
  'handshake.bad-certificate': kind({
    doc: 'The certificate chain is not good: signed by another root, made for another key, or with a cut signature.',
    at: 'handshake',
    params: z.strictObject({ how: z.enum(['root', 'key', 'signature']).default('root') }),
  }),
  'login.refuse': kind({
    doc: 'A login is answered with <failure/> of any reason; the well-known ones have a login fault of their own.',
    at: 'login',
    params: z.strictObject({
      reason: reason.default('503'),
      message: z.string().optional(),
      code: reason.optional(),
      /** Seconds. */
      expire: z.number().int().positive().optional(),
    }),
  }),
  ...loginFaults(),
} as const;

type LoginFaults = { [N in CloseName as `login.${N}`]: Kind<typeof closing> };

/** Every close by name, instead of `<success>`. */
function loginFaults(): LoginFaults {
  const made = closeNames.map(name => [
    `login.${name}`,
    kind({ doc: `Instead of success: ${closes[name].doc}.`, at: 'login', params: closing }),
  ]);
  return Object.fromEntries(made) as LoginFaults;
}
