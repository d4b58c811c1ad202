// Messages by their id: what is done about them, and what has become of one that was sent.
import { z } from '@hono/zod-openapi';
import { Failure } from '../../errors.ts';
import type { ApiDeps } from '../deps.ts';
import { messageParams } from '../message-id.ts';
import type { AddRoute } from '../route.ts';
import { messageActionRoutes } from './message-actions.ts';

const messageStatus = z.object({
  message_id: z.string(),
  chat_id: z.string(),
  status: z.enum(['queued', 'sent', 'server_ack', 'delivered', 'read', 'failed']).openapi({
    description:
      'queued: not on the wire yet; sent: on the wire; server_ack: WhatsApp has it; delivered, read: by at least one recipient; failed: it will not be sent.',
  }),
  reason: z.string().optional().openapi({ description: 'Why it failed.' }),
  attempts: z.int().openapi({ description: 'How often it was put on the wire.' }),
  created_at: z.string(),
  updated_at: z.string(),
});

export function messageRoutes(add: AddRoute, { messages }: ApiDeps): void {
  messageActionRoutes(add);

  add(
    {
      id: 'getMessageStatus',
      method: 'get',
      path: '/message/{message_id}/status',
      tag: 'message',
      scope: 'read',
      summary: 'What has become of a message that was sent',
      device: 'selected',
      params: messageParams,
      results: messageStatus,
      failures: ['MESSAGE_NOT_FOUND', 'STORE_UNAVAILABLE'],
    },
    async ({ device, params: { message_id } }) => {
      const found = await messages.status(device.no, message_id);
      if (!found) throw new Failure('MESSAGE_NOT_FOUND', undefined, { results: { message_id } });
      const { chat, state, reason, tries, createdAt, stateAt } = found;
      const results = {
        message_id,
        chat_id: chat,
        status: state,
        ...(reason !== null && { reason }),
        attempts: tries,
        created_at: createdAt.toISOString(),
        updated_at: stateAt.toISOString(),
      };
      return { message: `The message is ${state}`, results };
    },
  );
}
