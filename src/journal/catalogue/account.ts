/** Calls, and what becomes of the account. */
import { z } from 'zod';
import {
  bool,
  count,
  entry,
  flag,
  number,
  person,
  samplePerson,
  sampleTime,
  text,
  time,
  word,
} from './entry.ts';

const said = (about: string) => text(about).optional();
const yes = (about: string) => bool(about).optional();
const call_id = text('The call.');
const group_jid = said('The group that is called.');

export const account = {
  'call.offer': entry({
    about: 'Somebody calls, or has called while the device was away.',
    payload: z.object({
      call_id,
      ...person,
      auto_rejected: bool('Whether the device has rejected it by itself, as its settings say.'),
      remote_platform: said('The caller’s app.'),
      remote_version: said('Its version.'),
      group_jid,
      video: bool('Whether it has a picture.'),
      timestamp: time('When.'),
    }),
    sample: {
      call_id: 'A1B2C3D4E5F60718293A4B5C6D7E8F90',
      ...samplePerson,
      auto_rejected: false,
      remote_platform: 'android',
      remote_version: '2.26.4',
      video: false,
      timestamp: sampleTime,
    },
  }),
  'call.updated': entry({
    about: 'A call went on.',
    payload: z.object({
      call_id,
      ...person,
      group_jid,
      status: word(['accepted', 'rejected', 'ended'], 'How.'),
      reason: said('WhatsApp’s: `timeout`, `accepted_elsewhere`, `rejected_elsewhere`, …'),
      by: said('Who did it.'),
      by_lid: said('Their LID.'),
      timestamp: time('When.'),
    }),
    sample: {
      call_id: 'A1B2C3D4E5F60718293A4B5C6D7E8F90',
      ...samplePerson,
      status: 'ended',
      reason: 'timeout',
      by: samplePerson.from,
      by_lid: samplePerson.from_lid,
      timestamp: sampleTime,
    },
  }),
  'blocklist.updated': entry({
    about: 'Another device of the account blocked somebody, or unblocked them.',
    payload: z.object({
      jid: text('Who.'),
      lid: said('Their LID.'),
      blocked: bool('Whether they are blocked now.'),
      timestamp: time('When.'),
    }),
    sample: { jid: samplePerson.from, lid: samplePerson.from_lid, blocked: true, timestamp: sampleTime },
  }),
  'settings.updated': entry({
    about: 'Another device of the account changed a setting: one of these.',
    payload: z.object({
      push_name: said('The account’s own name.'),
      about: word(['changed'], 'The line about itself.').optional(),
      picture: word(['changed'], 'Its picture.').optional(),
      privacy: z.record(z.string(), z.string()).optional().describe('Who sees what, by category.'),
      default_expires_in: number('After so many seconds messages of new chats disappear.').optional(),
      locale: said('The language.'),
      twenty_four_hours: yes('How times are written.'),
      unarchive_chats: yes('Whether a new message takes a chat out of the archive.'),
      link_previews_disabled: yes('Whether links have no previews.'),
      relay_all_calls: yes('Whether calls go over WhatsApp’s servers.'),
      quick_reply: z
        .object({
          id: text('Its id.'),
          shortcut: said('What is typed for it.'),
          message: said('What it says.'),
          deleted: flag('It is gone.'),
        })
        .optional()
        .describe('A text that is kept ready.'),
      timestamp: time('When.'),
    }),
    sample: { privacy: { last: 'contacts' }, timestamp: sampleTime },
  }),
  'history.progress': entry({
    about: 'The phone has told a piece of the past. What is in it is no event of its own.',
    payload: z.object({
      sync_type: text('Which part of it: WhatsApp’s word, in lower case.'),
      chats: count('How many chats.'),
      contacts: count('How many people.'),
      messages: count('How many messages.'),
      progress: number('Per cent.').optional(),
      is_latest: flag('It is the newest part.'),
      request_id: said('What asked for it.'),
      timestamp: time('When.'),
    }),
    sample: {
      sync_type: 'recent',
      chats: 41,
      contacts: 0,
      messages: 1204,
      progress: 60,
      timestamp: sampleTime,
    },
  }),
  'history.status': entry({
    about:
      'A part of the past is there (`complete`), or nothing more of it has come for two minutes (`paused`): the phone may be off.',
    payload: z.object({
      sync_type: text('Which part of it: WhatsApp’s word, in lower case.'),
      status: word(['complete', 'paused'], 'How it stands.'),
      timestamp: time('When.'),
    }),
    sample: { sync_type: 'recent', status: 'complete', timestamp: sampleTime },
  }),
  'account.restricted': entry({
    about: 'WhatsApp lets the account start no new chats for a while, or does again.',
    payload: z.object({
      active: bool('Whether it is restricted.'),
      type: said('WhatsApp’s word.'),
      until: time('Until when.').optional(),
      timestamp: time('When.'),
    }),
    sample: { active: true, type: 'BIZ_QUALITY', until: '2026-11-27T10:00:00.000Z', timestamp: sampleTime },
  }),
  'account.message_cap': entry({
    about: 'How many messages the account may still send in chats that it begins, as WhatsApp counts them.',
    payload: z.object({
      total: number('How many in this period; without it there is no limit.').optional(),
      used: number('How many of them are sent.').optional(),
      status: said('How it stands: WhatsApp’s word, in lower case.'),
      from: time('When the period began.').optional(),
      until: time('When it ends.').optional(),
      timestamp: time('When.'),
    }),
    sample: {
      total: 250,
      used: 231,
      status: 'second_warning',
      until: '2026-12-01T00:00:00.000Z',
      timestamp: sampleTime,
    },
  }),
};
