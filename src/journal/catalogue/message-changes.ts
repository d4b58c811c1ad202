/** What is done to messages, and what becomes of those that were sent. */
import { z } from 'zod';
import { contents } from './content.ts';
import {
  bool,
  chat,
  common,
  count,
  entry,
  number,
  opened,
  sampleChat,
  sampleCommon,
  sampleTime,
  text,
  texts,
  time,
  word,
} from './entry.ts';

const said = (about: string) => text(about).optional();
const TARGET = '3EB0A1B2C3D4E5F60718';
const another = { ...sampleCommon, id: '3EB0D41D8CD98F00B204' };

export const messageChanges = {
  'message.ack': entry({
    about:
      'Others received, read or played messages of this account. Receipts with the same chat, kind and time come as one.',
    payload: z.object({
      ids: texts('The messages.'),
      ...chat,
      from: text('Who acknowledges; in a group one event per participant.'),
      from_lid: said('Their LID.'),
      sender_display_name: text('Their number.'),
      receipt_type: word(['delivered', 'read', 'played'], 'What they did.'),
      receipt_type_description: text('The same as a sentence.'),
      timestamp: time('When.'),
    }),
    sample: {
      ids: [TARGET],
      ...sampleChat,
      from: sampleCommon.from,
      from_lid: sampleCommon.from_lid,
      sender_display_name: '15551234567',
      receipt_type: 'read',
      receipt_type_description: 'the recipient has read the message',
      timestamp: sampleTime,
    },
  }),
  'message.reaction': entry({
    about:
      'Somebody reacted to a message. Where reactions are encrypted with the secret of their message (announcements of communities) there is also `decrypted`, and without a `reaction` the `reason` why it could not be read.',
    payload: z.object({
      ...common,
      reaction: said('The emoji; empty when it was taken back.'),
      reacted_message_id: text('The message.'),
      decrypted: opened.decrypted.optional(),
      reason: opened.reason,
    }),
    sample: { ...another, reaction: '👍', reacted_message_id: TARGET },
  }),
  'message.revoked': entry({
    about: 'A message was deleted for everyone.',
    payload: z.object({
      ...common,
      revoked_message_id: text('The message.'),
      revoked_from_me: bool('Whether who deleted it had sent it.'),
      revoked_chat: text('The chat.'),
      revoked_from: said('Whose it was, when an admin deleted it.'),
      revoked_from_lid: said('Their LID.'),
    }),
    sample: {
      ...another,
      revoked_message_id: TARGET,
      revoked_from_me: true,
      revoked_chat: another.chat_id,
    },
  }),
  'message.edited': entry({
    about:
      'A message was edited. Of an edit that is encrypted with the secret of its message there is also `decrypted`, and `reason` in the place of `body` when it could not be read; an invitation that was changed has its new form under `event`, and anything else in it is under the names that `message` has.',
    payload: z.object({
      ...common,
      original_message_id: text('The message.'),
      body: said('The text as it is now.'),
      mentions: texts('The people that it names.').optional(),
      mention_lids: texts('Their LIDs, in the order of `mentions`, empty where unknown.').optional(),
      decrypted: opened.decrypted.optional(),
      reason: opened.reason,
      ...contents,
    }),
    sample: { ...another, original_message_id: TARGET, body: 'Is the shop open on Monday?' },
  }),
  'message.deleted': entry({
    about:
      'A message was deleted for this account alone, on another of its devices. What it said is told where the chat store has it.',
    payload: z.object({
      deleted_message_id: text('The message.'),
      ...chat,
      from: said('Who had sent it, where that is not the account.'),
      from_lid: said('Their LID.'),
      sender_display_name: said('Their own name, or their number.'),
      was_from_me: bool('Whether the account had sent it.'),
      original_content: said('What it said.'),
      original_sender: said('Who sent it.'),
      original_timestamp: time('When it was sent.').optional(),
      original_media_type: said('Of a file.'),
      original_filename: said('Of a file.'),
      timestamp: time('When it was deleted.'),
    }),
    sample: {
      deleted_message_id: TARGET,
      ...sampleChat,
      from: sampleCommon.from,
      from_lid: sampleCommon.from_lid,
      sender_display_name: '15551234567',
      was_from_me: false,
      original_content: 'hello',
      original_sender: sampleCommon.from,
      original_timestamp: sampleTime,
      timestamp: '2026-11-26T10:01:00.000Z',
    },
  }),
  'message.poll_vote': entry({
    about:
      'Somebody voted in a poll, or changed the vote: what is told counts, and no option takes it back. Votes are encrypted with the poll’s secret.',
    payload: z.object({
      ...common,
      poll_message_id: text('The poll.'),
      decrypted: opened.decrypted.optional(),
      selected_options: texts('What was chosen.').optional(),
      unknown_options: texts(
        'SHA-256 of what was chosen and is no option of the poll as it is known here.',
      ).optional(),
      reason: opened.reason,
    }),
    sample: { ...another, poll_message_id: TARGET, decrypted: true, selected_options: ['Sunday'] },
  }),
  'message.event_response': entry({
    about: 'Somebody answered an invitation (`type` `event`).',
    payload: z.object({
      ...common,
      event_message_id: text('The invitation.'),
      decrypted: opened.decrypted.optional(),
      response: said('`going`, `not_going` or `maybe`.'),
      extra_guests: number('How many they bring.').optional(),
      reason: opened.reason,
    }),
    sample: { ...another, event_message_id: TARGET, decrypted: true, response: 'going', extra_guests: 1 },
  }),
  'message.pinned': entry({
    about: 'A message was pinned for everybody in the chat, or unpinned.',
    payload: z.object({
      ...common,
      pinned_message_id: text('The message.'),
      pinned: bool('Whether it is pinned now.'),
      expires_in: number('For so many seconds.').optional(),
    }),
    sample: { ...another, pinned_message_id: TARGET, pinned: true, expires_in: 604800 },
  }),
  'message.kept': entry({
    about: 'A disappearing message was kept, or no longer.',
    payload: z.object({
      ...common,
      kept_message_id: text('The message.'),
      kept: bool('Whether it is kept now.'),
    }),
    sample: { ...another, kept_message_id: TARGET, kept: true },
  }),
  'message.starred': entry({
    about: 'A message got a star on another device of the account, or lost it.',
    payload: z.object({
      message_id: text('The message.'),
      ...chat,
      from: said('Who sent it, where that is not the account.'),
      from_lid: said('Their LID.'),
      is_from_me: bool('Whether the account sent it.'),
      starred: bool('Whether it has a star now.'),
      timestamp: time('When.'),
    }),
    sample: {
      message_id: TARGET,
      ...sampleChat,
      from: sampleCommon.from,
      from_lid: sampleCommon.from_lid,
      is_from_me: false,
      starred: true,
      timestamp: sampleTime,
    },
  }),
  'message.status': entry({
    about:
      'What has become of a message whose sending nobody waited for any more: `POST /send/message` answered 504, or the process was restarted. The message kept its id all the time. `status` is `server_ack` (WhatsApp has it) or `failed`, with a `reason`; then it will not be sent any more. A message that was answered with 200 has no such event. `GET /message/{message_id}/status` tells the same, and more, at any time.',
    payload: z.object({
      id: text('The message.'),
      ...chat,
      status: word(['server_ack', 'failed'], 'What has become of it.'),
      reason: said('Why it failed.'),
      timestamp: time('When.'),
    }),
    sample: {
      id: '3EB0C767D82B632A2E52',
      chat_id: sampleChat.chat_id,
      status: 'server_ack',
      timestamp: '2026-11-26T10:00:05.000Z',
    },
  }),
  'message.undecryptable': entry({
    about: 'A message came and could not be decrypted; it comes once for each message.',
    more: 'Not of messages that are meant to be seen on the phone alone (view once), and not of one that was read before anybody could be told.',
    payload: z.object({
      ...common,
      reason: text(
        '`no_session`, `no_sender_key`, `unknown_prekey`, `bad_mac`, `bad_signature`, `too_far_ahead`, `corrupt_session`, `malformed`, `unavailable` (it came without anything to decrypt: its sender has not encrypted for this device) or `unknown`.',
      ),
      retried: bool(
        '`true`: its sender is asked to send it again. The phone is asked for it in any case, if nothing has come within 5 s: then after 1 min, 10 min, 2 h and 24 h more, and over restarts.',
      ),
    }),
    sample: { ...sampleCommon, reason: 'bad_mac', retried: true },
  }),
  'message.recovered': entry({
    about: 'A later copy of it could be decrypted. What was in it comes as usual, in the event before.',
    payload: z.object({
      ...common,
      by: word(
        ['retry', 'phone'],
        '`retry`: its sender sent it again; `phone`: the account’s own phone did.',
      ),
      after_seconds: number('After how long.'),
    }),
    sample: { ...sampleCommon, by: 'retry', after_seconds: 0.4 },
  }),
  'message.lost': entry({
    about:
      'Nothing of that has helped: a day after the last asking it is given up. It ends what `message.undecryptable` began; should the message come after all, its own event and `message.recovered` follow all the same.',
    payload: z.object({
      ...common,
      reason: text('As in `message.undecryptable`.'),
      asked: count('How often the phone was asked.'),
      after_seconds: number('After how long.'),
    }),
    sample: { ...sampleCommon, reason: 'bad_mac', asked: 5, after_seconds: 180_665 },
  }),
  'media.ready': entry({
    about:
      'The file of a message was fetched, decrypted and found to be whole: `GET /message/{message_id}/download` asked for it. It comes for each time that the file was fetched, not when it was still kept.',
    payload: z.object({
      message_id: text('The message.'),
      ...chat,
      media_type: word(['image', 'video', 'video_note', 'audio', 'document', 'sticker'], 'What it is.'),
      mimetype: said('As its sender says.'),
      filename: said('The name that its sender gave it.'),
      size: count('In bytes.'),
      by: word(
        ['host', 'phone'],
        'Where it was: on WhatsApp’s host, or put there again by the account’s phone, which was asked for it.',
      ),
      timestamp: time('When.'),
    }),
    sample: {
      message_id: TARGET,
      ...sampleChat,
      media_type: 'image',
      mimetype: 'image/jpeg',
      size: 48_213,
      by: 'host',
      timestamp: sampleTime,
    },
  }),
  'media.failed': entry({
    about: 'The file of a message could not be fetched.',
    payload: z.object({
      message_id: text('The message.'),
      ...chat,
      media_type: word(['image', 'video', 'video_note', 'audio', 'document', 'sticker'], 'What it is.'),
      mimetype: said('As its sender says.'),
      filename: said('The name that its sender gave it.'),
      reason: word(
        ['gone', 'corrupt', 'too_large', 'late', 'failed'],
        '`gone`: neither WhatsApp’s host nor the phone has it any more. `corrupt`: it is not what the message says. `too_large`: it is larger than this server keeps. `late`: it did not come in time, or the host has it no more and the phone, which may have it, does not answer. `failed`: anything else. After the last two it may come when it is asked for again.',
      ),
      timestamp: time('When.'),
    }),
    sample: {
      message_id: TARGET,
      ...sampleChat,
      media_type: 'image',
      mimetype: 'image/jpeg',
      reason: 'gone',
      timestamp: sampleTime,
    },
  }),
};
