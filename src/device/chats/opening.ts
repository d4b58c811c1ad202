/**
 * What must be looked up before a message about another one is written: what is encrypted in it with that one's secret,
 * and what was said before an edit.
 */
import type { proto, WAMessage } from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { bare } from '../jid.ts';
import { saidIn } from '../translate/content/content.ts';
import type { Self } from '../translate/envelope.ts';
import { opensIn } from '../translate/messages.ts';
import { type Fields, text } from '../translate/read.ts';
import { messageIn, type Opens, openedFields, type Secret } from '../translate/secrets.ts';
import { edited } from './content.ts';
import type { Heard } from './hearing.ts';
import { chatOf } from './people.ts';

/** What was in a message. */
export interface Opened {
  /** Of what was encrypted, in the words of its event. */
  readonly fields?: Fields;
  /** What another message says now, or what a comment says. */
  readonly message?: proto.IMessage;
}

export interface OpeningOptions {
  readonly self: Self;
  readonly secretOf: (opens: Opens) => Promise<Secret | undefined>;
  /** What the store has. */
  readonly message: (chat: string, id: string) => Promise<WAMessage | undefined>;
  /** What cannot be read is left shut. */
  readonly spoiled: (failure: Error, what: Heard['what']) => void;
}

/** By its message. Fails as the database does. */
export async function openedOf(
  heard: readonly Heard[],
  { self, secretOf, message: stored, spoiled }: OpeningOptions,
): Promise<ReadonlyMap<WAMessage, Opened>> {
  const found = new Map<WAMessage, Opened>();
  // What is in the same write is not in the store yet.
  const written = new Map<string, proto.IMessage>();
  const before = async (chats: readonly string[], id: string) => {
    for (const chat of chats) {
      const known = written.get(`${chat} ${id}`);
      if (known) return known;
    }
    return chats[0] ? (await stored(chats[0], id))?.message : undefined;
  };
  const open = async (message: WAMessage) => {
    const content = saidIn(message.message as proto.IMessage);
    const chats = [bare(chatOf(message.key)), bare(message.key.remoteJidAlt)].filter(Boolean);
    const id = text(content.target?.id);
    const opens = content.encrypted && opensIn(message, self);
    const secret = opens && (await secretOf(opens));
    const inside = opens ? messageIn(opens, secret) : content.kind === 'edit' ? content.inner : undefined;
    const said =
      content.kind === 'edit' && inside && id !== undefined
        ? edited(await before(chats, id), inside)
        : inside;
    if (opens || said)
      found.set(message, {
        ...(opens && { fields: openedFields(opens, secret) }),
        ...(said && { message: said }),
      });
    const now = content.kind === 'edit' ? said : message.message;
    const of = content.kind === 'edit' ? id : message.key.id;
    if (now && of) for (const chat of chats) written.set(`${chat} ${of}`, now);
  };
  for (const one of heard) {
    if (one.what !== 'message' || !one.message.message) continue;
    try {
      await open(one.message);
    } catch (error) {
      // Only the database is tried again: what somebody wrote would keep back everything that comes after it, for ever.
      if (error instanceof Failure) throw error;
      spoiled(error instanceof Error ? error : new Error(String(error)), one.what);
    }
  }
  return found;
}
