// Generated chats: people, groups and what they wrote, wholly decided by the seed of a past.
import { proto } from '@whiskeysockets/baileys';
import { sha256 } from '../wire/crypto.ts';
import { type Dice, dice } from './dice.ts';
import { type Author, generatedMessage, type MediaOf } from './generate-message.ts';
import type { PastChat } from './past-chat.ts';
import type { PastPerson, PastSpec } from './past-spec.ts';
import { groupName, personName } from './words.ts';

const DAY = 86_400;
/** Of a year's chats, those that lie longer back than this were archived by somebody tidy. */
const ARCHIVED_PERCENT = 8;
const MUTED_PERCENT = 6;
const UNREAD_PERCENT = 25;
/** WhatsApp lets a person pin three chats. */
const PINNED = 3;

/** What the surroundings know: who has which LID, and where the phone's media is. */
export interface Surroundings {
  readonly own: { readonly pn: string; readonly lid: string };
  readonly lidOf: (phone: string) => string;
  readonly media: MediaOf;
}

/** The people of a past, by number in the past. Their numbers begin with 1777 and are nobody else's. */
export function person(spec: PastSpec, number: number): PastPerson {
  const chance = dice(`${spec.seed}/person/${number}`);
  const pushName = personName(chance);
  const range = String(sha256(Buffer.from(`${spec.seed}/numbers`)).readUInt16LE(0) % 1000).padStart(3, '0');
  return {
    phone: `1777${range}${String(number).padStart(5, '0')}`,
    pushName,
    savedAs: chance.chance(80) ? (chance.chance(50) ? pushName : `${pushName} ${number + 1}`) : undefined,
  };
}

/** Every chat of a past, the liveliest first. Messages are made when they are asked for. */
export function* generatedChats(spec: PastSpec, around: Surroundings): Generator<PastChat> {
  for (let number = 0; number < spec.chats + spec.groups; number++) yield chatOf(spec, number, around);
}

function chatOf(spec: PastSpec, number: number, around: Surroundings): PastChat {
  const chance = dice(`${spec.seed}/chat/${number}`);
  const group = number >= spec.chats;
  const { id, facts, authors } = group
    ? groupFacts(spec, number - spec.chats, around, chance)
    : personFacts(spec, number, around);
  const count = messageCount(spec, chance);
  // The first chats are the newest; each has its own share of the past.
  const span = spec.days * DAY;
  const newest =
    spec.until - Math.floor((number / (spec.chats + spec.groups)) * span * 0.5) - chance.below(3_600);
  const oldest = spec.until - span;
  const unread = chance.chance(UNREAD_PERCENT) ? 1 + chance.below(Math.min(12, count)) : 0;
  const conversation: proto.IConversation = {
    id,
    ...facts,
    conversationTimestamp: newest,
    lastMsgTimestamp: newest,
    unreadCount: unread,
    archived: chance.chance(ARCHIVED_PERCENT),
    ...(number < PINNED && { pinned: newest, archived: false }),
    ...(chance.chance(MUTED_PERCENT) && { muteEndTime: (spec.until + 8 * DAY) * 1000 }),
    notSpam: true,
  };
  const messages = () =>
    Array.from({ length: count }, (_, index) => {
      const timestamp = newest - Math.floor(((newest - oldest) * index) / count);
      const about = { chat: id, seed: `${spec.seed}/message/${number}/${index}`, timestamp };
      // The unread ones are the newest, and from others.
      const from = index < unread ? authors.filter(author => !author.own) : authors;
      return generatedMessage(about, from, around.media);
    });
  return { conversation, count, messages };
}

function messageCount(spec: PastSpec, chance: Dice): number {
  const half = Math.floor(spec.messagesPerChat / 2);
  return Math.max(1, spec.messagesPerChat - half + chance.below(2 * half + 1));
}

interface ChatFacts {
  readonly id: string;
  readonly facts: Partial<proto.IConversation>;
  readonly authors: readonly Author[];
}

function personFacts(spec: PastSpec, number: number, { lidOf }: Surroundings): ChatFacts {
  const { phone, pushName, savedAs } = person(spec, number);
  const pnJid = `${phone}@s.whatsapp.net`;
  const lidJid = `${lidOf(phone)}@lid`;
  const id = spec.addressing === 'lid' ? lidJid : pnJid;
  const facts = { pnJid, lidJid, ...(savedAs !== undefined && { name: savedAs, displayName: savedAs }) };
  return { id, facts, authors: [{ own: true }, { own: false, pushName }] };
}

function groupFacts(spec: PastSpec, number: number, around: Surroundings, chance: Dice): ChatFacts {
  const digits = sha256(Buffer.from(`${spec.seed}/group/${number}`)).readBigUInt64BE(0) % 10n ** 12n;
  const size = 2 + chance.below(Math.max(1, Math.min(20, spec.chats)));
  const people = Array.from({ length: Math.min(size, spec.chats) }, (_, index) =>
    person(spec, (number + index) % Math.max(1, spec.chats)),
  );
  const jidOf = (phone: string) =>
    spec.addressing === 'lid' ? `${around.lidOf(phone)}@lid` : `${phone}@s.whatsapp.net`;
  const ranks = proto.GroupParticipant.Rank;
  const own = spec.addressing === 'lid' ? around.own.lid : around.own.pn;
  const id = `120363${String(digits).padStart(12, '0')}@g.us`;
  return {
    id,
    facts: {
      name: groupName(chance, number),
      createdAt: spec.until - spec.days * DAY,
      createdBy: own,
      participant: [
        { userJid: own, rank: ranks.SUPERADMIN },
        ...people.map(one => ({ userJid: jidOf(one.phone), rank: ranks.REGULAR })),
      ],
    },
    authors: [
      { own: true },
      ...people.map(one => ({ own: false, pushName: one.pushName, participant: jidOf(one.phone) })),
    ],
  };
}
