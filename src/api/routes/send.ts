// gowa's /send: what leaves through a device. The answer comes when WhatsApp's server has acknowledged the message.
import { z } from '@hono/zod-openapi';
import type { sendText } from '../../device/commands/send-text.ts';
import type { AddRoute } from '../route.ts';
import { LONGEST_TEXT, sendAdder, sendableText } from '../sending.ts';

export function sendRoutes(add: AddRoute): void {
  const sends = sendAdder(add);

  sends({
    id: 'sendMessage',
    path: '/send/message',
    summary: 'Send a text',
    fields: { message: z.string().min(1).max(LONGEST_TEXT).openapi({ example: 'Hello' }) },
    say: ({ message }, send) =>
      send<typeof sendText>('send-text', { text: sendableText(message, 'message') }),
  });
}
