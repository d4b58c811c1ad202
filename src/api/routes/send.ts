// gowa's /send: what leaves through a device. The answer comes when WhatsApp's server has acknowledged the message.
import { z } from '@hono/zod-openapi';
import type { chatPresence } from '../../device/commands/chat-presence.ts';
import type { presence } from '../../device/commands/presence.ts';
import type { sendContacts } from '../../device/commands/send-contacts.ts';
import type { sendLink } from '../../device/commands/send-link.ts';
import type { sendLocation } from '../../device/commands/send-location.ts';
import type { sendPoll } from '../../device/commands/send-poll.ts';
import type { sendText } from '../../device/commands/send-text.ts';
import { addressedFailures, whatsappFailures } from '../failures.ts';
import { caption, decimal, given, line, prose, remark } from '../fields.ts';
import type { AddRoute } from '../route.ts';
import { chatJid, LONGEST_TEXT, recipientField, sendAdder, sentResults } from '../sending.ts';
import { contactDigits, pollOptions, webAddress } from './send-fields.ts';
import { moreSendRoutes } from './send-more.ts';

/** What WhatsApp's apps let a person write (limits of the web client's fields). */
const LONGEST = { question: 255, option: 100, name: 100, place: 1_000, link: 2_048 } as const;

export function sendRoutes(add: AddRoute): void {
  const sends = sendAdder(add);

  sends({
    id: 'sendMessage',
    path: '/send/message',
    summary: 'Send a text',
    fields: { message: prose(LONGEST_TEXT).openapi({ example: 'Hello' }) },
    say: ({ message }, send) => send<typeof sendText>('send-text', { text: message }),
  });

  sends({
    id: 'sendContact',
    path: '/send/contact',
    summary: 'Send a contact',
    fields: {
      contact_name: line(LONGEST.name).openapi({ example: 'Ana' }),
      contact_phone: z
        .string()
        .min(1)
        .openapi({ description: 'With its country code.', example: '15551234567' }),
    },
    sentence: 'Contact sent to',
    not: ['status', 'channel'],
    say: ({ contact_name: name, contact_phone }, send) =>
      send<typeof sendContacts>('send-contacts', {
        contacts: [{ name, phone: contactDigits(contact_phone, 'contact_phone') }],
      }),
  });

  sends({
    id: 'sendLink',
    path: '/send/link',
    summary: 'Send a link with a preview that the request describes; nothing is fetched',
    fields: {
      link: z.string().trim().min(1).max(LONGEST.link).openapi({ example: 'https://example.com' }),
      caption: prose(LONGEST_TEXT - LONGEST.link).openapi({ description: 'The text above the link.' }),
      title: caption(300).openapi({ description: 'Of the preview; without one there is none.' }),
      description: remark(1_000),
    },
    sentence: 'Link sent to',
    say: (body, send) => {
      const link = webAddress(body.link, 'link');
      return send<typeof sendLink>('send-link', {
        text: `${body.caption.trim()}\n${link}`,
        link,
        ...given({ title: body.title, description: body.description }),
      });
    },
  });

  sends({
    id: 'sendLocation',
    path: '/send/location',
    summary: 'Send a location',
    fields: {
      latitude: decimal(-90, 90).openapi({ example: '-7.797068' }),
      longitude: decimal(-180, 180).openapi({ example: '110.370529' }),
      name: caption(LONGEST.place),
      address: remark(LONGEST.place),
    },
    sentence: 'Send location success',
    not: ['status', 'channel'],
    say: ({ latitude, longitude, name, address }, send) =>
      send<typeof sendLocation>('send-location', { latitude, longitude, ...given({ name, address }) }),
  });

  sends({
    id: 'sendPoll',
    path: '/send/poll',
    summary: 'Send a poll',
    fields: {
      question: prose(LONGEST.question),
      options: z.array(line(LONGEST.option)).min(2).max(12),
      max_answer: z.int().min(1).openapi({ description: 'How many options one person may choose.' }),
    },
    forms: { options: 'list', max_answer: 'number' },
    sentence: 'Send poll success',
    not: ['status', 'channel'],
    say: ({ question, options, max_answer }, send) =>
      send<typeof sendPoll>('send-poll', {
        question,
        options: pollOptions(options, max_answer),
        selectable: max_answer,
      }),
  });

  moreSendRoutes(add, sends);

  add(
    {
      id: 'sendPresence',
      method: 'post',
      path: '/send/presence',
      tag: 'send',
      scope: 'send',
      summary: 'Show the account as online or not',
      device: 'selected',
      body: z.object({ type: z.enum(['available', 'unavailable']) }),
      forms: {},
      results: sentResults,
      failures: whatsappFailures,
    },
    async ({ body: { type }, run }) => {
      await run<typeof presence>('presence', { type });
      const status = `Send presence success ${type}`;
      return { message: status, results: { message_id: 'presence', status } };
    },
  );

  add(
    {
      id: 'sendChatPresence',
      method: 'post',
      path: '/send/chat-presence',
      tag: 'send',
      scope: 'send',
      summary: 'Show in a chat that somebody types or records, or does no more',
      device: 'selected',
      body: z.object({ ...recipientField, action: z.enum(['start', 'recording', 'stop']) }),
      forms: {},
      results: sentResults,
      failures: addressedFailures,
    },
    async ({ body: { phone, action }, run }) => {
      const chat = chatJid(phone, ['status', 'channel']);
      await run<typeof chatPresence>('chat-presence', { chat, state: states[action] });
      const status = `Send chat presence ${words[action]} success ${chat}`;
      return { message: status, results: { message_id: `chat-presence-${action}`, status } };
    },
  );
}

const states = { start: 'composing', recording: 'recording', stop: 'paused' } as const;
const words = { start: 'start typing', recording: 'start recording', stop: 'stop typing' } as const;
