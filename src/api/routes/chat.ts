// Chats, and what was said in them.
import { z } from '@hono/zod-openapi';
import type { chatHistory } from '../../device/commands/chat-history.ts';
import { Failure } from '../../errors.ts';
import type { DeviceView } from '../../supervisor/devices.ts';
import type { ChatView } from '../chat-port.ts';
import { chatInfo, messageInfo, shownChat, shownMessage } from '../chat-shape.ts';
import type { ApiDeps } from '../deps.ts';
import { accountJid } from '../device-shape.ts';
import { whatsappFailures } from '../failures.ts';
import { cursorOf, pageFields, pageOf, pagination, partOf } from '../paging.ts';
import { flag, optional } from '../query.ts';
import { recipientJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { invalid } from '../validate.ts';
import { contactListRoutes } from './contact-list.ts';

const params = z.object({
  chat_jid: z.string().min(1).max(256).openapi({
    description: 'A number, or the JID of a person (by number or LID), a group or a channel.',
    example: '15551234567@s.whatsapp.net',
  }),
});
const time = optional(z.iso.datetime({ offset: true }))
  .transform(value => (value === undefined ? undefined : new Date(value)))
  .openapi({ type: 'string', format: 'date-time' });
const words = optional(z.string().max(1_024));

export function chatRoutes(add: AddRoute, deps: ApiDeps): void {
  const { chats } = deps;
  const known = async (device: DeviceView, written: string): Promise<ChatView> => {
    const chat = await chats.chat(device.no, recipientJid(written, 'chat_jid'));
    if (!chat) throw new Failure('CHAT_NOT_FOUND', undefined, { results: { chat_jid: written } });
    return chat;
  };

  add(
    {
      id: 'listChats',
      method: 'get',
      path: '/chats',
      tag: 'chat',
      scope: 'read',
      summary: 'The chats of a device, the one with the newest message first',
      device: 'selected',
      query: z.object({
        ...pageFields(25, 100),
        search: words.openapi({ type: 'string', description: 'In the name of the chat, or in its number.' }),
        has_media: flag.openapi({ description: 'Only chats with an image, a video, a file and the like.' }),
        archived: flag.openapi({ description: 'Only archived chats, or only others; all when absent.' }),
      }),
      results: z.object({ data: z.array(chatInfo), pagination }),
      failures: ['STORE_UNAVAILABLE'],
    },
    async ({ device, query: { search, has_media: hasMedia, archived, ...page } }) => {
      const { chats: found, total } = await chats.chats(device.no, {
        part: partOf(page),
        search,
        hasMedia,
        archived,
      });
      const rows = found.map(({ lastAt, no }) => ({ at: lastAt ?? new Date(0), no }));
      const results = { data: found.map(shownChat), pagination: pageOf(page, rows, total) };
      return { message: 'Success get chat list', results };
    },
  );

  add(
    {
      id: 'searchMessages',
      method: 'get',
      path: '/chats/search',
      tag: 'chat',
      scope: 'read',
      summary: 'Messages of all chats whose text or file name has these words in it, the newest first',
      device: 'selected',
      query: z.object({
        q: z.string().min(1).max(1_024).openapi({
          description: 'Without regard to case and accents; every character is what it is.',
        }),
        ...pageFields(25, 100),
        start_time: time,
        end_time: time,
        is_from_me: flag,
      }),
      results: z.object({
        data: z.array(messageInfo),
        pagination,
        complete: z.boolean().openapi({ description: 'No: not all was looked through, go on with `next`.' }),
      }),
      failures: ['STORE_UNAVAILABLE'],
    },
    async ({ device, query: { q, start_time: from, end_time: until, is_from_me: fromMe, ...page } }) => {
      if (page.after) throw invalid('after', 'a search goes from the newest back: use before');
      const filter = { from, until, fromMe };
      const found = await chats.search(device.no, selfOf(device), q, filter, partOf(page));
      const { limit, offset } = page;
      return {
        message: 'Success search messages',
        results: {
          data: found.messages.map(shownMessage),
          pagination: {
            limit,
            offset: page.before ? 0 : offset,
            total: found.total,
            ...(found.last && { next: cursorOf(found.last) }),
          },
          complete: found.complete,
        },
      };
    },
  );

  add(
    {
      id: 'getChat',
      method: 'get',
      path: '/chat/{chat_jid}',
      tag: 'chat',
      scope: 'read',
      summary: 'One chat, by whichever address of its person',
      device: 'selected',
      params,
      results: chatInfo,
      failures: ['INVALID_JID', 'CHAT_NOT_FOUND', 'STORE_UNAVAILABLE'],
    },
    async ({ device, params: { chat_jid } }) => ({
      message: 'Success get chat',
      results: shownChat(await known(device, chat_jid)),
    }),
  );

  add(
    {
      id: 'getChatMessages',
      method: 'get',
      path: '/chat/{chat_jid}/messages',
      tag: 'chat',
      scope: 'read',
      summary: 'What was said in a chat, the newest first',
      device: 'selected',
      params,
      query: z.object({
        ...pageFields(50, 100),
        start_time: time,
        end_time: time,
        media_only: flag,
        is_from_me: flag.openapi({ description: 'Not looked at when it is false and `media_only` is true.' }),
        search: words.openapi({ type: 'string' }),
      }),
      results: z.object({ data: z.array(messageInfo), pagination, chat_info: chatInfo }),
      failures: ['INVALID_JID', 'CHAT_NOT_FOUND', 'STORE_UNAVAILABLE'],
    },
    async ({ device, params: { chat_jid }, query }) => {
      const { start_time: from, end_time: until, media_only: mediaOnly, is_from_me, search, ...page } = query;
      const chat = await known(device, chat_jid);
      const fromMe = mediaOnly && is_from_me === false ? undefined : is_from_me;
      const filter = { chatNo: chat.no, from, until, mediaOnly, fromMe };
      const part = partOf(page);
      if (search && part.after) throw invalid('after', 'a search goes from the newest back: use before');
      const { messages, total } = search
        ? await chats.search(device.no, selfOf(device), search, filter, part)
        : await chats.messages(device.no, selfOf(device), filter, part);
      return {
        message: 'Success get chat messages',
        results: {
          data: messages.map(shownMessage),
          pagination: pageOf(page, messages, total),
          chat_info: shownChat(chat),
        },
      };
    },
  );

  add(
    {
      id: 'fetchChatHistory',
      method: 'post',
      path: '/chat/{chat_jid}/history',
      tag: 'chat',
      scope: 'read',
      summary: 'Ask the phone for older messages of a chat; they come as the phone sends them',
      device: 'selected',
      params,
      body: z.object({ count: z.int().min(1).max(500).nullish().openapi({ default: 50 }) }),
      forms: { count: 'number' },
      results: z.object({
        request_id: z.string(),
        chat_jid: z.string(),
        count: z.int(),
        before_message_id: z.string(),
        before_time: z.iso.datetime(),
      }),
      failures: ['INVALID_JID', 'CHAT_NOT_FOUND', ...whatsappFailures],
    },
    async ({ device, params: { chat_jid }, body, run }) => {
      const chat = await known(device, chat_jid);
      const count = body.count ?? 50;
      const asked = await run<typeof chatHistory>('chat-history', { chat: chat.jid, count });
      const results = {
        request_id: asked.request,
        chat_jid: chat.jid,
        count,
        before_message_id: asked.id,
        before_time: new Date(asked.before).toISOString(),
      };
      return { message: 'The phone was asked for older messages', results };
    },
  );

  contactListRoutes(add, deps);
}

const selfOf = (device: DeviceView) => ({ jid: accountJid(device) ?? '', name: device.name ?? '' });
