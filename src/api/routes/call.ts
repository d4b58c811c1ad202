// Calls: rejecting them, and links to calls. What rejects them by itself is a setting of the device.
import { z } from '@hono/zod-openapi';
import type { callLink } from '../../device/commands/call-link.ts';
import type { callReject } from '../../device/commands/call-reject.ts';
import { addressedFailures, whatsappFailures } from '../failures.ts';
import { mentionJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

/** Seconds since 1970 that JavaScript and WhatsApp both have as a day. */
const LATEST = 4_102_444_800;

export function callRoutes(add: AddRoute): void {
  add(
    {
      id: 'rejectCall',
      method: 'post',
      path: '/call/reject',
      tag: 'call',
      scope: 'write',
      summary: 'Reject a call that rings',
      device: 'selected',
      body: z.object({
        caller_jid: z
          .string()
          .min(1)
          .openapi({ description: '`from` of the event.', example: '15551234567@s.whatsapp.net' }),
        call_id: z
          .string()
          .regex(/^[A-Za-z0-9_-]{1,64}$/)
          .openapi({ description: '`call_id` of the event.' }),
      }),
      forms: {},
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const caller = mentionJid(body.caller_jid, 'caller_jid');
      await run<typeof callReject>('call-reject', { caller, call: body.call_id });
      return { message: 'Call rejected successfully' };
    },
  );

  add(
    {
      id: 'createCallLink',
      method: 'post',
      path: '/call/link',
      tag: 'call',
      scope: 'write',
      summary: 'Make a link to a call that others can join',
      device: 'selected',
      body: z.object({
        type: z.enum(['audio', 'video']).nullish().openapi({ description: 'Default: video.' }),
        start_time: z
          .number()
          .int()
          .min(1)
          .max(LATEST)
          .nullish()
          .openapi({ description: 'When the call is to begin, in Unix seconds.' }),
      }),
      forms: { start_time: 'number' },
      results: z.object({ link: z.string(), token: z.string() }),
      failures: whatsappFailures,
    },
    async ({ body, run }) => {
      const results = await run<typeof callLink>('call-link', {
        media: body.type || 'video',
        ...(body.start_time && { startTime: body.start_time }),
      });
      return { message: 'Success create call link', results };
    },
  );
}
