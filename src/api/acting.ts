// What all routes that act upon a message by its id share: which one, in which chat, and how the answer is said.
import { z } from '@hono/zod-openapi';
import type { ErrorCode } from '../errors.ts';
import type { Addressed, AnswerOf, CommandType, InputOf, Sent } from '../shard/protocol.ts';
import type { Success } from './answer.ts';
import type { FormFields } from './body.ts';
import { sendFailures, whatsappFailures } from './failures.ts';
import { messageId, messageParams } from './message-id.ts';
import type { AddRoute } from './route.ts';
import { chatJid, recipientField, type SpecialChat, sentAnswer, sentResults } from './sending.ts';

type Recipient = z.output<z.ZodObject<typeof recipientField>>;
type ActionBody<F extends z.ZodRawShape> = z.output<z.ZodObject<typeof recipientField & F>>;

/** A message by its id, and the chat that the request names. */
export interface Acted {
  readonly message: string;
  readonly chat: string;
}

/** And the id of the message that says so. */
export interface Saying extends Acted {
  readonly id: string;
}

interface Action<F extends z.ZodRawShape> {
  readonly id: string;
  /** The last part of the path. */
  readonly path: string;
  readonly summary: string;
  readonly fields: F;
  readonly forms?: FormFields;
  /** The chats in which it cannot be done. */
  readonly not?: readonly SpecialChat[];
  /** What it may fail with beside the failures of all such. */
  readonly failures?: readonly ErrorCode[];
}

type Run = <C extends CommandType>(name: C['name'], input: InputOf<C>) => Promise<AnswerOf<C>>;

/** An action that others in the chat see: it is a message itself. */
interface SentAction<F extends z.ZodRawShape> extends Action<F> {
  /** How it is said that it was done: the chat and the time follow. */
  readonly sentence: string;
  say(
    body: ActionBody<F>,
    acted: Saying,
    /** Gives the command its input; whom it is for is given with it. */
    send: <C extends CommandType>(name: C['name'], input: Omit<InputOf<C>, keyof Addressed>) => Promise<Sent>,
    /** Runs another command, for a chat whose messages are something else. */
    run: Run,
  ): Promise<Sent>;
}

/** An action that only the account's own devices, or WhatsApp, hear of. */
interface AskedAction<F extends z.ZodRawShape, R extends z.ZodType> extends Action<F> {
  readonly results?: R;
  say(body: ActionBody<F>, acted: Acted, run: Run): Promise<Success<z.input<R>>>;
}

interface Adders {
  readonly sent: <F extends z.ZodRawShape>(action: SentAction<F>) => void;
  readonly asked: <F extends z.ZodRawShape, R extends z.ZodType>(action: AskedAction<F, R>) => void;
}

/** How actions become routes `POST /message/{message_id}/<path>`; `send` is for messages, `run` for other commands. */
export function actionAdders(add: AddRoute): Adders {
  const common = <F extends z.ZodRawShape>({ id, path, summary, fields, forms }: Action<F>) => ({
    id,
    method: 'post' as const,
    path: `/message/{message_id}/${path}`,
    tag: 'message' as const,
    summary,
    device: 'selected' as const,
    params: messageParams,
    body: z.object({ ...recipientField, ...fields }),
    forms: forms ?? {},
  });
  const acted = (phone: string, id: string, not?: readonly SpecialChat[]): Acted => ({
    message: messageId(id),
    chat: chatJid(phone, not),
  });
  return {
    sent: action =>
      add(
        {
          ...common(action),
          scope: 'send',
          results: sentResults,
          failures: [...sendFailures, 'MESSAGE_NOT_FOUND', ...(action.failures ?? [])],
        },
        async ({ body, params, run, newMessageId }) => {
          const id = newMessageId();
          const about = { ...acted((body as Recipient).phone, params.message_id, action.not), id };
          const send = (name: string, input: object) =>
            run(name, { id, to: about.chat, ...input } as never) as Promise<Sent>;
          const sent = await action.say(body as never, about, send as never, run as never);
          return sentAnswer(action.sentence, about.chat, sent);
        },
      ),
    asked: action =>
      add(
        {
          ...common(action),
          scope: 'write',
          ...(action.results && { results: action.results }),
          failures: [...whatsappFailures, 'INVALID_JID', 'MESSAGE_NOT_FOUND', ...(action.failures ?? [])],
        },
        async ({ body, params, run }) => {
          const about = acted((body as Recipient).phone, params.message_id, action.not);
          return action.say(body as never, about, run as never);
        },
      ),
  };
}
