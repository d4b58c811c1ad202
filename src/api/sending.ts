// What all routes that send a message share: who it is for, what it answers, and how the answer is said.
import { z } from '@hono/zod-openapi';
import { type ErrorCode, Failure } from '../errors.ts';
import type { Addressed, AnswerOf, CommandType, InputOf, Sent } from '../shard/protocol.ts';
import type { Success } from './answer.ts';
import type { FormFields } from './body.ts';
import { sendFailures } from './failures.ts';
import { phoneField, timerField } from './fields.ts';
import { messageId } from './message-id.ts';
import type { FileFields } from './multipart.ts';
import { mentionJid, recipientJid } from './recipient.ts';
import type { AddRoute, Given } from './route.ts';
import { invalid } from './validate.ts';

/** WhatsApp's apps take no longer text. */
export const LONGEST_TEXT = 65_536;

/** gowa's word for all members of a group; in any other chat it names nobody. */
const EVERYONE = '@everyone';

// Absent, null and empty mean the same in gowa's clients, so the optional fields take all three.
export const recipientField = { phone: phoneField };
/** Each of them is looked up, and gets a key of its own for the first status. */
const MOST_RECIPIENTS = 5000;
export const recipientsField = z.array(z.string()).max(MOST_RECIPIENTS).openapi({
  description:
    'Numbers or JIDs of those who get a status (phone status@broadcast); all contacts unless given.',
});
export const durationField = timerField('Seconds until the message disappears.').nullish();
const contextFields = {
  reply_message_id: z.string().nullish().openapi({ description: 'The message that this one answers.' }),
  mentions: z
    .array(z.string())
    .max(1024)
    .nullish()
    .openapi({ description: 'Numbers or JIDs of mentioned people.' }),
  is_forwarded: z.boolean().nullish(),
  duration: durationField,
  recipients: recipientsField.nullish(),
};
const contextForms: FormFields = {
  mentions: 'list',
  is_forwarded: 'boolean',
  duration: 'number',
  recipients: 'list',
};

/** gowa says the sentence twice: as the answer's message, and here. */
export const sentResults = z.object({ message_id: z.string(), status: z.string() });

/** The body of a message as all have it, and what a kind of message adds. */
type SendBody<F extends z.ZodRawShape> = z.output<
  z.ZodObject<typeof recipientField & typeof contextFields & F>
>;

interface SendRoute<F extends z.ZodRawShape> {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly fields: F;
  readonly forms?: FormFields;
  /** How gowa says that it was sent: the recipient and the time follow. */
  readonly sentence?: string;
  /** The chats that take no such message. */
  readonly not?: readonly SpecialChat[];
  readonly files?: FileFields;
  /** Beside those of every message. */
  readonly failures?: readonly ErrorCode[];
  /** Gives the command its input; whom it is for and what it answers is given with it. */
  say(
    body: SendBody<F>,
    send: <C extends CommandType>(
      name: C['name'],
      input: Omit<InputOf<C>, keyof Addressed> & { readonly viewOnce?: boolean; readonly id?: string },
    ) => Promise<Sent>,
    given: Given & { readonly deviceNo: number; newMessageId(): string },
  ): Promise<Sent>;
}

/** How a kind of message becomes a route: its fields, and the command that they go to. */
export function sendAdder(add: AddRoute): <F extends z.ZodRawShape>(route: SendRoute<F>) => void {
  return ({
    id,
    path,
    summary,
    fields,
    forms = {},
    files,
    failures = [],
    sentence = 'Message sent to',
    not = [],
    say,
  }) => {
    const body = z.object({ ...recipientField, ...fields, ...contextFields });
    add(
      {
        id,
        method: 'post',
        path,
        tag: 'send',
        scope: 'send',
        summary,
        device: 'selected',
        body,
        forms: { ...contextForms, ...forms },
        ...(files && { files }),
        results: sentResults,
        failures: [...sendFailures, ...failures],
      },
      async ({ device, body, run, files, batch, newMessageId: nextId }) => {
        const about = { ...addressed(body as SendBody<Record<never, never>>, not), id: nextId() };
        const sent = await say(
          body as never,
          <C extends CommandType>(name: C['name'], input: object) =>
            run<C>(name, { ...about, ...input } as never) as Promise<AnswerOf<C> & Sent>,
          { deviceNo: device.no, files, batch, newMessageId: nextId },
        );
        return sentAnswer(sentence, about.to, sent);
      },
    );
  };
}

/** gowa says the sentence twice. */
export function sentAnswer(
  sentence: string,
  to: string,
  { messageId, at }: Sent,
): Success<z.input<typeof sentResults>> {
  const status = `${sentence} ${to} (server timestamp: ${new Date(at).toISOString()})`;
  return { message: status, results: { message_id: messageId, status } };
}

/** Where statuses are posted. */
const STATUS = 'status@broadcast';

/** Chats that are not with people: what is said there is for whoever may see it. */
const special = {
  status: (jid: string) => jid === STATUS,
  channel: (jid: string) => jid.endsWith('@newsletter'),
  group: (jid: string) => jid.endsWith('@g.us'),
} as const;
export type SpecialChat = keyof typeof special;

/** The JID of a recipient that is none of these. Fails with INVALID_JID, or VALIDATION_ERROR for a chat that it cannot be. */
export function chatJid(phone: string, not: readonly SpecialChat[] = []): string {
  const jid = recipientJid(phone);
  // A list is its owner's phone's: only that knows who is on it (whatsmeow broadcast.go, ErrBroadcastListUnsupported).
  if (jid.endsWith('@broadcast') && jid !== STATUS)
    throw new Failure('INVALID_JID', 'phone: a broadcast list cannot be written to; write to its people.', {
      results: { field: 'phone' },
    });
  const kind = not.find(kind => special[kind](jid));
  if (kind)
    throw invalid(
      'phone',
      kind === 'status' ? 'this cannot be a status' : `this cannot be said in a ${kind}`,
    );
  return jid;
}

function addressed(body: SendBody<Record<never, never>>, not: readonly SpecialChat[]): Omit<Addressed, 'id'> {
  return {
    to: chatJid(body.phone, not),
    ...(body.reply_message_id && { replyTo: messageId(body.reply_message_id, 'reply_message_id') }),
    ...(body.mentions?.length && { mentions: body.mentions.map(mention) }),
    ...(body.is_forwarded && { forwarded: true }),
    ...(typeof body.duration === 'number' && { duration: body.duration }),
    ...(body.recipients?.length && { recipients: body.recipients.map(audience) }),
  };
}

/** One of those who get a status. */
export function audience(written: string, index: number): string {
  return mentionJid(written, `recipients.${index}`);
}

function mention(written: string, index: number): string {
  return written === EVERYONE ? written : mentionJid(written, `mentions.${index}`);
}
