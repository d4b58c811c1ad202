/** What an entry of the catalogue is made of: the words in which payloads are described. */
import { z } from 'zod';

export interface Entry<S extends z.ZodObject = z.ZodObject> {
  /** What has happened, in Markdown. */
  readonly about: string;
  /** What is to be said after its fields. */
  readonly more?: string;
  readonly payload: S;
  readonly sample: z.input<S>;
}

export const entry = <S extends z.ZodObject>(it: Entry<S>): Entry<S> => it;

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export const text = (about: string) => z.string().describe(about);
export const bool = (about: string) => z.boolean().describe(about);
export const number = (about: string) => z.number().describe(about);
export const count = (about: string) => z.int().min(0).describe(about);
export const word = <const W extends readonly [string, ...string[]]>(words: W, about: string) =>
  z.enum(words).describe(about);
/** `true` or absent. */
export const flag = (about: string) => z.literal(true).optional().describe(about);
export const texts = (about: string) => z.array(z.string()).describe(about);
export const time = (about: string) =>
  z.string().regex(ISO).meta({ description: about, format: 'date-time' });

/** Who did it, of what a notification says; `from_lid` and `from_name` where they are known. */
export const actor = {
  from: text('Who did it.').optional(),
  from_lid: text('Their LID.').optional(),
  from_name: text('Their own name.').optional(),
};

/** Whom it is about, where they are shown as in an address book. */
export const person = {
  from: text('Who.'),
  from_lid: text('Their LID.').optional(),
  sender_display_name: text('Their own name; the number when they have not said it.'),
};

export const chat = {
  chat_id: text('The chat.'),
  chat_lid: text('Its LID, of a person.').optional(),
};

/** The fields that messages share. */
export const common = {
  id: text('WhatsApp’s id of the message.'),
  chat_id: text('The chat: a person, a group (`…@g.us`) or a channel. The phone number where it is known.'),
  chat_lid: text('The LID of the chat.').optional(),
  from: text('Who sent it; in a group the participant.'),
  from_lid: text('The LID of who sent it.').optional(),
  from_name: text('The sender’s own name; empty when it is unknown.'),
  sender_display_name: text('The same; unknown, it is the number.'),
  timestamp: time('WhatsApp’s time of it.'),
  is_from_me: bool('Sent by this account, on any of its devices.'),
  server_id: number('Its number in its channel.').optional(),
};

/** Whether what is encrypted with another message’s secret could be read. */
export const opened = {
  decrypted: bool('Whether it could be opened, of what is encrypted with another message’s secret.'),
  reason: word(
    ['message_unknown', 'not_readable', 'malformed'],
    'Why not. `message_unknown`: the message that it is about is not known here, mostly because it is older than this device.',
  ).optional(),
};

const sampled = {
  chat_id: '15551234567@s.whatsapp.net',
  chat_lid: '998877@lid',
  from: '15551234567@s.whatsapp.net',
  from_lid: '998877@lid',
};

export const samplePerson = {
  from: sampled.from,
  from_lid: sampled.from_lid,
  sender_display_name: 'Ann',
};

export const sampleChat = { chat_id: sampled.chat_id, chat_lid: sampled.chat_lid };

export const sampleTime = '2026-11-26T10:00:00.000Z';

export const sampleCommon = {
  id: '3EB0C767D82B632A2E52',
  ...sampled,
  from_name: 'Ann',
  sender_display_name: 'Ann',
  timestamp: sampleTime,
  is_from_me: false,
};

export const sampleGroup = '120363025246125486@g.us';
export const sampleChannel = '120363144038483540@newsletter';
