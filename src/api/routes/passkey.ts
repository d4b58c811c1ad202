// gowa's passkey pairing, as far as it goes: WhatsApp asks some accounts for a passkey when they link a device, and Baileys
// (7.0.0-rc14) neither understands that request nor can answer it. So there never is one to answer, and the routes say so.
import { z } from '@hono/zod-openapi';
import { Failure } from '../../errors.ts';
import type { AddRoute } from '../route.ts';

const assertion = z.object({
  id: z.string().min(1),
  rawId: z.string().min(1),
  type: z.string().min(1),
  response: z.object({
    clientDataJSON: z.string().min(1),
    authenticatorData: z.string().min(1),
    signature: z.string().min(1),
    userHandle: z.string().nullish(),
  }),
});

const none = { status: 'none', challenge: null, code: '', skip_handoff_ux: false } as const;

export function passkeyRoutes(add: AddRoute): void {
  add(
    {
      id: 'appPasskeyStatus',
      method: 'get',
      path: '/app/passkey',
      tag: 'app',
      scope: 'devices',
      summary: 'The passkey that a pairing waits for: always none',
      device: 'selected',
      results: z.object({
        device_id: z.string(),
        status: z.literal(none.status),
        challenge: z.null(),
        code: z.literal(none.code),
        skip_handoff_ux: z.literal(none.skip_handoff_ux),
      }),
    },
    ({ device: { id } }) => ({ message: 'Passkey pairing status', results: { device_id: id, ...none } }),
  );

  add(
    {
      id: 'appPasskeyResponse',
      method: 'post',
      path: '/app/passkey/response',
      tag: 'app',
      scope: 'devices',
      summary: 'Refused: this server cannot pair by passkey',
      device: 'selected',
      body: assertion,
      failures: ['PASSKEY_UNSUPPORTED'],
    },
    () => {
      throw new Failure('PASSKEY_UNSUPPORTED');
    },
  );

  add(
    {
      id: 'appPasskeyConfirm',
      method: 'post',
      path: '/app/passkey/confirm',
      tag: 'app',
      scope: 'devices',
      summary: 'Refused: this server cannot pair by passkey',
      device: 'selected',
      failures: ['PASSKEY_UNSUPPORTED'],
    },
    () => {
      throw new Failure('PASSKEY_UNSUPPORTED');
    },
  );
}
