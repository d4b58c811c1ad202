/** Who is there, chats and people. */
import { z } from 'zod';
import {
  bool,
  chat,
  common,
  count,
  entry,
  flag,
  number,
  person,
  sampleChat,
  samplePerson,
  sampleTime,
  text,
  texts,
  time,
  word,
} from './entry.ts';

const said = (about: string) => text(about).optional();
const yes = (about: string) => bool(about).optional();
const { chat_id, chat_lid, timestamp, ...ofMessage } = common;

export const chats = {
  chat_presence: entry({
    about:
      'Somebody types, records, or has stopped. WhatsApp tells it to an account that shows itself as available, and to no other: a device that has not said so (`POST /send/presence`) gets none, and its journal none of them. It is told anew each time that WhatsApp says so.',
    payload: z.object({
      ...person,
      ...chat,
      is_group: bool('Whether the chat is a group.'),
      state: word(['composing', 'paused'], 'What they do.'),
      media: word(['audio', ''], '`audio` while it is a voice message, otherwise empty.'),
    }),
    sample: { ...samplePerson, ...sampleChat, is_group: false, state: 'composing', media: '' },
  }),
  presence: entry({
    about:
      'Whether somebody is there, for whom the device has subscribed to it, and for nobody else; of a group, how many are.',
    payload: z.object({
      from: said('Who.'),
      from_lid: said('Their LID.'),
      available: yes('Whether they are there.'),
      last_seen: time('When they were there last.').optional(),
      chat_id: said('The group.'),
      online_count: count('How many of it are there.').optional(),
      timestamp: time('When.'),
    }),
    sample: {
      from: samplePerson.from,
      from_lid: samplePerson.from_lid,
      available: false,
      last_seen: '2026-11-26T09:58:00.000Z',
      timestamp: sampleTime,
    },
  }),
  'chat.updated': entry({
    about:
      'A chat changed: on another device of the account, or because somebody set its timer by a message (then it has the fields that messages have).',
    payload: z.object({
      chat_id,
      chat_lid,
      timestamp,
      archived: yes('Whether it is in the archive.'),
      pinned: yes('Whether it is pinned.'),
      locked: yes('Whether it is behind a lock.'),
      muted: yes('Whether it is silent.'),
      muted_until: time('Until when; without it for ever.').optional(),
      unread: yes('It was marked as unread, or as read.'),
      cleared: flag('Its messages are gone.'),
      deleted: flag('All of it is gone.'),
      expires_in: number('From now on messages disappear after so many seconds; 0 is never.').optional(),
      ...z.object(ofMessage).partial().shape,
    }),
    sample: { ...sampleChat, archived: true, timestamp: sampleTime },
  }),
  'chat.read': entry({
    about: 'The account read messages of others on another device.',
    payload: z.object({ ...chat, ids: texts('The messages.'), timestamp: time('When.') }),
    sample: { ...sampleChat, ids: ['3EB0C767D82B632A2E52'], timestamp: sampleTime },
  }),
  'contact.updated': entry({
    about: 'Somebody is known by another name, or otherwise changed: who, and what changed.',
    payload: z.object({
      jid: text('Who.'),
      lid: said('Their LID.'),
      name: said('As they are saved on the phone.'),
      first_name: said('As they are saved on the phone.'),
      removed: flag('They are saved no more.'),
      picture: word(['changed', 'removed'], 'What became of their picture.').optional(),
      picture_id: said('Of the new one.'),
      about: said('The line that they wrote about themselves.'),
      security_code_changed: flag('Another phone, or WhatsApp installed anew.'),
      status_muted: yes('Whether the account hides their statuses.'),
      timestamp: time('When.'),
    }),
    sample: {
      jid: samplePerson.from,
      lid: samplePerson.from_lid,
      name: 'Ann Example',
      first_name: 'Ann',
      timestamp: sampleTime,
    },
  }),
  'contact.lid': entry({
    about:
      'WhatsApp has told which number and which LID are one person; once for each pair. Events that name that person by the LID alone have the number from then on too.',
    payload: z.object({ jid: text('The number.'), lid: text('The LID.'), timestamp: time('When.') }),
    sample: { jid: samplePerson.from, lid: samplePerson.from_lid, timestamp: sampleTime },
  }),
};
