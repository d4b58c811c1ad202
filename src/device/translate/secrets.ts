/**
 * Votes, answers to invitations, some reactions and edits are encrypted with the secret of the message that they are about
 * (whatsmeow msgsecret.go), so that only who has that message reads them. Pure: what opens them is given.
 */
import { createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { bare } from '../jid.ts';
import { saidIn } from './content/content.ts';
import type { Encrypted } from './content/kinds.ts';
import { unwrap } from './content/unwrap.ts';
import { bytes, type Fields, given, list, nameIn, positive, text } from './read.ts';

/** What a draft needs before it is whole. */
export interface Opens extends Encrypted {
  /** The message that it is about: its id, and its chat under every name that is known. */
  readonly target: string;
  readonly chats: readonly string[];
  /** Who may have written that message, and who this one: in the form that their clients knew. */
  readonly authors: readonly string[];
  readonly actors: readonly string[];
}

/** What a draft has for answers to its message. */
export interface Holds {
  readonly id: string;
  readonly chats: readonly string[];
  readonly secret: Uint8Array;
  /** Of a poll. */
  readonly options?: readonly string[];
}

/** What opens an answer: the secret of the message that it is about. */
export type Secret = Pick<Holds, 'secret' | 'options'>;

const TAG = 16;
/** Those whose additional data name the message and the answerer. */
const BOUND = new Set<Encrypted['use']>(['Poll Vote', 'Event Response']);

/** The plaintext; undefined when it does not open, for none of those who may have written it. */
export function decrypted({ use, payload, iv, target, authors, actors }: Opens, secret: Uint8Array) {
  if (payload.length < TAG) return undefined;
  for (const actor of actors.map(bare)) {
    for (const author of authors.map(bare)) {
      const key = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), target + author + actor + use, 32));
      try {
        const cipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG });
        if (BOUND.has(use)) cipher.setAAD(Buffer.from(`${target}\0${actor}`));
        cipher.setAuthTag(payload.subarray(-TAG));
        return Buffer.concat([cipher.update(payload.subarray(0, -TAG)), cipher.final()]);
      } catch {
        // Under another of their names it may.
      }
    }
  }
  return undefined;
}

const { EventResponseType } = proto.Message.EventResponseMessage;

const MESSAGES = new Set<Encrypted['use']>(['Message Edit', 'Event Edit', 'Enc Comment']);

/** The message in it: what another one says now, or what a comment says; undefined when there is none, or it does not open. */
export function messageIn(opens: Opens, known: Secret | undefined): proto.IMessage | undefined {
  const plain = known && MESSAGES.has(opens.use) ? decrypted(opens, known.secret) : undefined;
  if (!plain) return undefined;
  try {
    const message = proto.Message.decode(plain);
    return unwrap(message).content.protocolMessage?.editedMessage ?? message;
  } catch {
    return undefined;
  }
}

/** What it adds to the payload. That it could not be read is said, and with it why. */
export function openedFields(opens: Opens, known: Secret | undefined): Fields {
  if (!known) return { decrypted: false, reason: 'message_unknown' };
  const plain = decrypted(opens, known.secret);
  if (!plain) return { decrypted: false, reason: 'not_readable' };
  try {
    return { decrypted: true, ...read(opens.use, plain, known.options) };
  } catch {
    return { decrypted: false, reason: 'malformed' };
  }
}

function read(use: Encrypted['use'], plain: Uint8Array, options: readonly string[] = []): Fields {
  switch (use) {
    case 'Poll Vote':
      return chosenIn(proto.Message.PollVoteMessage.decode(plain), options);
    case 'Event Response':
      return responseIn(proto.Message.EventResponseMessage.decode(plain));
    case 'Enc Reaction':
      return { reaction: text(proto.Message.ReactionMessage.decode(plain).text) ?? '' };
    case 'Message Edit':
      return { body: saidIn(proto.Message.decode(plain)).text ?? '' };
    case 'Enc Comment':
    case 'Event Edit': {
      const { text: body, fields } = saidIn(proto.Message.decode(plain));
      return { ...given({ body }), ...fields };
    }
  }
}

export function responseIn({ response, extraGuestCount }: proto.Message.IEventResponseMessage): Fields {
  const answer = nameIn(EventResponseType, response)?.toLowerCase();
  return given({ response: answer, extra_guests: positive(extraGuestCount) });
}

/** Options are named by the hash of their text. One that the poll has not (any more) is given as that hash. */
export function chosenIn(vote: proto.Message.IPollVoteMessage, options: readonly string[]): Fields {
  const names = new Map(options.map(name => [createHash('sha256').update(name).digest('hex'), name]));
  const hashes = list(vote.selectedOptions).flatMap(hash => {
    const found = bytes(hash);
    return found ? Buffer.from(found).toString('hex') : [];
  });
  const unknown = hashes.filter(hash => !names.has(hash));
  return given({
    selected_options: hashes.flatMap(hash => names.get(hash) ?? []),
    unknown_options: unknown.length > 0 ? unknown : undefined,
  });
}
