// gowa's /send: what leaves through a device. The answer comes when WhatsApp's server has acknowledged the message.
import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import type { OutgoingText } from '../shard/protocol.ts';
import type { ApiDeps } from './deps.ts';
import { commandFailures } from './devices.ts';
import { mentionJid, recipientJid } from './recipient.ts';
import type { AddRoute } from './route.ts';
import { linked } from './selection.ts';
import { invalid } from './validate.ts';

/** WhatsApp's own timers: off, a day, a week, 90 days. */
const durations = [0, 86_400, 604_800, 7_776_000] as const;

/** WhatsApp's apps take no longer text. */
const LONGEST_TEXT = 65_536;

// Absent, null and empty mean the same in gowa's clients, so the optional fields take all three.
const textBody = z.object({
  phone: z
    .string()
    .min(1)
    .openapi({ description: 'A number with its country code, or a JID.', example: '15551234567' }),
  message: z.string().min(1).max(LONGEST_TEXT).openapi({ example: 'Hello' }),
  reply_message_id: z.string().nullish().openapi({ description: 'The message that this one answers.' }),
  mentions: z
    .array(z.string())
    .max(1024)
    .nullish()
    .openapi({ description: 'Numbers or JIDs of mentioned people.' }),
  is_forwarded: z.boolean().nullish(),
  // The generator would show only the first of several literals.
  duration: z
    .literal(durations)
    .openapi({ type: 'integer', enum: [...durations], description: 'Seconds until the message disappears.' })
    .nullish(),
});

/** gowa's word for all members of a group; in any other chat it names nobody. */
const EVERYONE = '@everyone';

export function sendRoutes(add: AddRoute, { devices }: ApiDeps): void {
  add(
    {
      id: 'sendMessage',
      method: 'post',
      path: '/send/message',
      tag: 'send',
      summary: 'Send a text',
      device: 'selected',
      body: textBody,
      forms: { mentions: 'list', is_forwarded: 'boolean', duration: 'number' },
      results: z.object({ message_id: z.string(), status: z.string() }),
      failures: [
        'INVALID_JID',
        'DEVICE_NOT_LINKED',
        'DEVICE_STOPPED',
        'DEVICE_NOT_CONNECTED',
        'RECIPIENT_NOT_FOUND',
        'WA_REACHOUT_TIMELOCK',
        'MESSAGE_REFUSED',
        ...commandFailures,
      ],
    },
    async ({ device, body, command }) => {
      const message = outgoingText(body);
      const { messageId, at } = await devices.command(
        linked(device).id,
        { do: 'send', id: newMessageId(), message },
        command,
      );
      const status = `Message sent to ${message.to} (server timestamp: ${new Date(at).toISOString()})`;
      return { message: status, results: { message_id: messageId, status } };
    },
  );
}

/** As WhatsApp Web names its messages (Baileys Utils/generics.ts, generateMessageIDV2). */
function newMessageId(): string {
  return `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;
}

function outgoingText(body: z.output<typeof textBody>): OutgoingText {
  // Half a surrogate pair or a NUL is no text: it would be changed or refused somewhere on the way.
  if (/\p{Surrogate}|\0/u.test(body.message))
    throw invalid('message', 'has a character that no text can have');
  return {
    to: recipientJid(body.phone),
    text: body.message,
    ...(body.reply_message_id && { replyTo: messageId(body.reply_message_id, 'reply_message_id') }),
    ...(body.mentions?.length && { mentions: body.mentions.map(mention) }),
    ...(body.is_forwarded && { forwarded: true }),
    ...(typeof body.duration === 'number' && { duration: body.duration }),
  };
}

function messageId(id: string, field: string): string {
  if (/^[A-Za-z0-9._:=+-]{1,128}$/.test(id)) return id;
  throw invalid(field, 'expected the id of a message, such as 3EB089B9D6ADD58153C561');
}

function mention(written: string, index: number): string {
  const field = `mentions.${index}`;
  if (written === EVERYONE) return written;
  return mentionJid(written, field);
}
