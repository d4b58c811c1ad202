/** Labels and channels. */
import { z } from 'zod';
import {
  bool,
  chat,
  count,
  entry,
  number,
  sampleChannel,
  sampleChat,
  sampleTime,
  text,
  time,
  word,
} from './entry.ts';

const said = (about: string) => text(about).optional();
const yes = (about: string) => bool(about).optional();
const newsletter_id = text('The channel.');

export const channels = {
  'label.edit': entry({
    about: 'A label was made, changed or deleted on another device: what WhatsApp says of it.',
    payload: z.object({
      label_id: text('The label.'),
      name: said('What it is called.'),
      color: number('Its colour, by WhatsApp’s number.').optional(),
      predefined_id: said('Of a label that WhatsApp makes itself.'),
      deleted: yes('Whether it is gone.'),
      order_index: number('Its place.').optional(),
      is_active: yes('Whether it is in use.'),
      type: said('WhatsApp’s word.'),
      is_immutable: yes('Whether it cannot be changed.'),
      mute_end_time_ms: number('Until when its chats are silent.').optional(),
      timestamp: time('When.'),
    }),
    sample: { label_id: '7', name: 'Customers', color: 3, deleted: false, timestamp: sampleTime },
  }),
  'label.association': entry({
    about: 'A chat, or with `message_id` a message, got a label or lost it.',
    payload: z.object({
      label_id: text('The label.'),
      labeled: bool('Whether it has it now.'),
      ...chat,
      message_id: said('The message.'),
      timestamp: time('When.'),
    }),
    sample: { label_id: '7', labeled: true, ...sampleChat, timestamp: sampleTime },
  }),
  'newsletter.joined': entry({
    about: 'The account follows a channel.',
    payload: z.object({
      newsletter_id,
      name: said('Its name.'),
      description: said('What it is about.'),
      timestamp: time('When.'),
    }),
    sample: { newsletter_id: sampleChannel, name: 'Harbour news', timestamp: sampleTime },
  }),
  'newsletter.left': entry({
    about: 'It does no more.',
    payload: z.object({
      newsletter_id,
      role: text('What the account was there.'),
      timestamp: time('When.'),
    }),
    sample: { newsletter_id: sampleChannel, role: 'guest', timestamp: sampleTime },
  }),
  'newsletter.message': entry({
    about:
      'What has become of posts, of channels whose live updates were asked for. The post itself is a `message` with the channel as `chat_id` and `from`, and `server_id`; changed it is a `message.edited`, deleted a `message.revoked`.',
    payload: z.object({
      newsletter_id,
      messages: z
        .array(
          z.object({
            server_id: number('Its number in the channel.'),
            message_id: text('Its id.'),
            type: text('WhatsApp’s word.'),
            timestamp: time('When it was posted.').optional(),
            views_count: count('How often it was seen.').optional(),
            reaction_counts: z
              .record(z.string(), z.number())
              .optional()
              .describe('How often it got each emoji.'),
          }),
        )
        .describe('The posts.'),
      timestamp: time('When.'),
    }),
    sample: {
      newsletter_id: sampleChannel,
      messages: [
        {
          server_id: 104,
          message_id: '3EB0C767D82B632A2E52',
          type: 'text',
          views_count: 812,
          reaction_counts: { '👍': 14 },
        },
      ],
      timestamp: sampleTime,
    },
  }),
  'newsletter.reaction': entry({
    about: 'A post of a channel got a reaction, where WhatsApp tells that by itself.',
    payload: z.object({
      newsletter_id,
      server_id: number('The post, by its number in the channel.'),
      reaction: text('The emoji; empty when it was taken back.'),
      timestamp: time('When.'),
    }),
    sample: { newsletter_id: sampleChannel, server_id: 104, reaction: '👍', timestamp: sampleTime },
  }),
  'newsletter.view': entry({
    about: 'How often a post of a channel was seen, where WhatsApp tells that by itself.',
    payload: z.object({
      newsletter_id,
      server_id: number('The post, by its number in the channel.'),
      views_count: count('How often.'),
      timestamp: time('When.'),
    }),
    sample: { newsletter_id: sampleChannel, server_id: 104, views_count: 813, timestamp: sampleTime },
  }),
  'newsletter.participants': entry({
    about: 'Somebody became something else in a channel.',
    payload: z.object({
      newsletter_id,
      jid: text('Who.'),
      lid: said('Their LID.'),
      action: text('WhatsApp’s word for what was done, such as `promote` or `demote`.'),
      role: said('What they are now: WhatsApp’s word, in lower case.'),
      from: said('Who did it.'),
      from_lid: said('Their LID.'),
      from_name: said('Their own name.'),
      timestamp: time('When.'),
    }),
    sample: {
      newsletter_id: sampleChannel,
      jid: '15557654321@s.whatsapp.net',
      lid: '665544@lid',
      action: 'promote',
      role: 'admin',
      timestamp: sampleTime,
    },
  }),
  'newsletter.mute': entry({
    about: 'A channel was muted or unmuted on another device.',
    payload: z.object({
      newsletter_id,
      mute: word(['on', 'off'], 'Whether it is silent.'),
      timestamp: time('When.'),
    }),
    sample: { newsletter_id: sampleChannel, mute: 'on', timestamp: sampleTime },
  }),
  'newsletter.updated': entry({
    about: 'A channel changed: what changed.',
    payload: z.object({
      newsletter_id,
      name: said('Its name, as it is now.'),
      description: said('What it is about, as it is now.'),
      state: said('WhatsApp’s word, in lower case.'),
      timestamp: time('When.'),
    }),
    sample: { newsletter_id: sampleChannel, name: 'Harbour news', timestamp: sampleTime },
  }),
};
