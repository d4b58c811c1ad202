// What is done about a message by its id. gowa's names, and ours in the same style where it has none.
import { z } from '@hono/zod-openapi';
import type { channelEdit } from '../../device/commands/channel-edit.ts';
import type { channelReact } from '../../device/commands/channel-react.ts';
import type { channelRevoke } from '../../device/commands/channel-revoke.ts';
import type { messageDelete } from '../../device/commands/message-delete.ts';
import type { messageRead } from '../../device/commands/message-read.ts';
import type { messageStar } from '../../device/commands/message-star.ts';
import type { sendEdit } from '../../device/commands/send-edit.ts';
import type { sendEventResponse } from '../../device/commands/send-event-response.ts';
import type { sendForward } from '../../device/commands/send-forward.ts';
import type { sendKeep } from '../../device/commands/send-keep.ts';
import type { sendPin } from '../../device/commands/send-pin.ts';
import type { sendPollVote } from '../../device/commands/send-poll-vote.ts';
import type { sendReaction } from '../../device/commands/send-reaction.ts';
import type { sendRevoke } from '../../device/commands/send-revoke.ts';
import { type Acted, actionAdders } from '../acting.ts';
import { prose } from '../fields.ts';
import type { AddRoute } from '../route.ts';
import { durationField, LONGEST_TEXT, sentResults } from '../sending.ts';
import { invalid } from '../validate.ts';

const inChannel = ({ chat }: Acted) => chat.endsWith('@newsletter');
const channelFailures = ['WA_FORBIDDEN', 'WA_NOT_FOUND', 'WA_UNEXPECTED'] as const;
/** How long a message stays pinned, by the names that people have for it. */
const PINNED = { '1d': 86_400, '7d': 604_800, '30d': 2_592_000 } as const;

export function messageActionRoutes(add: AddRoute): void {
  const { sent, asked } = actionAdders(add);

  sent({
    id: 'reactMessage',
    path: 'reaction',
    summary: 'React to a message, or take the reaction back with an empty one',
    fields: { emoji: z.string().max(64).nullish().openapi({ example: '🙏' }) },
    sentence: 'Reaction sent to',
    not: ['status'],
    failures: channelFailures,
    say: async ({ emoji }, acted, send, run) => {
      const { chat, message, id } = acted;
      if (!inChannel(acted))
        return send<typeof sendReaction>('send-reaction', { message, emoji: oneEmoji(emoji ?? '') });
      if (!/^[1-9]\d{0,9}$/.test(message))
        throw invalid('message_id', 'in a channel, expected the number that the server gave the post');
      const reaction = { id, channel: chat, serverId: message, emoji: oneEmoji(emoji ?? '') };
      return { messageId: id, ...(await run<typeof channelReact>('channel-react', reaction)) };
    },
  });

  sent({
    id: 'revokeMessage',
    path: 'revoke',
    summary: 'Take a message back for everybody: our own, or as admin of a group somebody else’s',
    fields: {},
    sentence: 'Revoke success',
    failures: channelFailures,
    say: async (_, acted, send, run) => {
      const { chat: channel, message } = acted;
      if (!inChannel(acted)) return send<typeof sendRevoke>('send-revoke', { message });
      const revoked = await run<typeof channelRevoke>('channel-revoke', { channel, message });
      return { messageId: message, ...revoked };
    },
  });

  sent({
    id: 'updateMessage',
    path: 'update',
    summary: 'Give a message of ours another text or caption, within 15 minutes',
    fields: { message: prose(LONGEST_TEXT).openapi({ example: 'Hello, World' }) },
    sentence: 'Update message success',
    not: ['status'],
    failures: channelFailures,
    say: async ({ message: text }, acted, send, run) => {
      const { chat: channel, message } = acted;
      if (!inChannel(acted)) return send<typeof sendEdit>('send-edit', { message, text });
      const edited = await run<typeof channelEdit>('channel-edit', { channel, message, text });
      return { messageId: message, ...edited };
    },
  });

  sent({
    id: 'forwardMessage',
    path: 'forward',
    summary: 'Send a message to another chat as forwarded',
    fields: {
      duration: durationField,
      force_reupload: z.boolean().nullish(),
    },
    forms: { duration: 'number', force_reupload: 'boolean' },
    sentence: 'Message forwarded to',
    not: ['status'],
    say: ({ duration }, { message }, send) =>
      send<typeof sendForward>('send-forward', {
        message,
        ...(typeof duration === 'number' && { duration }),
      }),
  });

  sent({
    id: 'pinMessage',
    path: 'pin',
    summary: 'Pin a message for everybody in the chat',
    fields: { duration: z.enum(['1d', '7d', '30d']).nullish().openapi({ description: '7d unless given.' }) },
    sentence: 'Pin message success',
    not: ['status', 'channel'],
    say: ({ duration }, { message }, send) =>
      send<typeof sendPin>('send-pin', { message, time: PINNED[duration ?? '7d'] }),
  });

  sent({
    id: 'unpinMessage',
    path: 'unpin',
    summary: 'Unpin a message for everybody in the chat',
    fields: {},
    sentence: 'Unpin message success',
    not: ['status', 'channel'],
    say: (_, { message }, send) => send<typeof sendPin>('send-pin', { message }),
  });

  for (const keep of [true, false])
    sent({
      id: keep ? 'keepMessage' : 'unkeepMessage',
      path: keep ? 'keep' : 'unkeep',
      summary: keep ? 'Keep a message that would disappear' : 'Let a message that was kept disappear',
      fields: {},
      sentence: keep ? 'Keep message success' : 'Unkeep message success',
      not: ['status', 'channel'],
      say: (_, { message }, send) => send<typeof sendKeep>('send-keep', { message, keep }),
    });

  sent({
    id: 'votePoll',
    path: 'vote',
    summary: 'Vote in a poll, or take the vote back with an empty list',
    fields: { options: z.array(z.string().max(256)).max(12) },
    forms: { options: 'list' },
    sentence: 'Vote sent to',
    not: ['status', 'channel'],
    say: ({ options }, { message }, send) =>
      send<typeof sendPollVote>('send-poll-vote', { message, options: [...new Set(options)] }),
  });

  sent({
    id: 'answerEvent',
    path: 'event-response',
    summary: 'Say whether we come to an event',
    fields: {
      response: z.enum(['going', 'not_going', 'maybe']),
      extra_guests: z.int().min(0).max(100).nullish(),
    },
    forms: { extra_guests: 'number' },
    sentence: 'Event response sent to',
    not: ['status', 'channel'],
    say: ({ response, extra_guests: guests }, { message }, send) =>
      send<typeof sendEventResponse>('send-event-response', { message, response, ...(guests && { guests }) }),
  });

  asked({
    id: 'readMessage',
    path: 'read',
    summary: 'Mark a message as read, and say so to its author where privacy has it so',
    fields: {},
    not: ['channel'],
    results: sentResults,
    say: async (_, { chat, message }, run) => {
      await run<typeof messageRead>('message-read', { chat, message });
      const status = `Mark as read success ${message}`;
      return { message: status, results: { message_id: message, status } };
    },
  });

  asked({
    id: 'deleteMessage',
    path: 'delete',
    summary: 'Delete a message for us alone; the others keep it',
    fields: {},
    not: ['channel'],
    failures: ['APP_STATE_UNAVAILABLE'],
    say: async (_, { chat, message }, run) => {
      await run<typeof messageDelete>('message-delete', { chat, message });
      return { message: 'Message deleted successfully' };
    },
  });

  for (const starred of [true, false])
    asked({
      id: starred ? 'starMessage' : 'unstarMessage',
      path: starred ? 'star' : 'unstar',
      summary: starred ? 'Mark a message with a star' : 'Take the star of a message away',
      fields: {},
      not: ['channel'],
      failures: ['APP_STATE_UNAVAILABLE'],
      say: async (_, { chat, message }, run) => {
        await run<typeof messageStar>('message-star', { chat, message, starred });
        return { message: `${starred ? 'Starred' : 'Unstarred'} message successfully` };
      },
    });
}

/** The text of a reaction, or ''. WhatsApp's apps show nothing of what is no emoji. */
function oneEmoji(emoji: string): string {
  const [first, second] = new Intl.Segmenter().segment(emoji);
  const shown = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u.test(emoji);
  if (!first || (!second && shown)) return emoji;
  throw invalid('emoji', 'expected one emoji');
}
