// gowa's ChatInfo and MessageInfo, and what we know beside.
import { z } from '@hono/zod-openapi';
import type { ChatView, SaidView } from './chat-port.ts';

export const chatInfo = z
  .object({
    jid: z.string().openapi({ example: '15551234567@s.whatsapp.net' }),
    name: z.string().openapi({ example: 'Ana' }),
    last_message_time: z.iso.datetime(),
    ephemeral_expiration: z.int().openapi({ description: 'Seconds until messages disappear; 0: they stay.' }),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    archived: z.boolean(),
    lid: z.string().optional().openapi({ description: 'The other address of its person.' }),
    unread_count: z.int(),
    marked_unread: z.boolean(),
    pinned: z.boolean(),
    muted_until: z.iso.datetime().nullable(),
  })
  .openapi('Chat');

const reaction = z
  .object({
    emoji: z.string(),
    sender_jid: z.string(),
    sender_display_name: z.string(),
    is_from_me: z.boolean(),
    timestamp: z.iso.datetime(),
  })
  .openapi('ChatReaction');

const answer = z
  .object({
    sender_jid: z.string(),
    sender_display_name: z.string(),
    is_from_me: z.boolean(),
    timestamp: z.iso.datetime(),
    selected_options: z.array(z.string()).optional().openapi({ description: 'Of a vote.' }),
    unknown_options: z
      .array(z.string())
      .optional()
      .openapi({ description: 'Hashes of options that the poll, as we have it, has not.' }),
    response: z.string().optional().openapi({ description: 'To an event: going, not_going, maybe.' }),
    extra_guests: z.int().optional(),
  })
  .openapi('ChatAnswer');

export const messageInfo = z
  .object({
    id: z.string(),
    chat_jid: z.string(),
    sender_jid: z.string(),
    sender_display_name: z.string(),
    content: z.string(),
    timestamp: z.iso.datetime(),
    is_from_me: z.boolean(),
    media_type: z.string().openapi({
      description: "image, video, audio, document, sticker, video_note, call; '' for all others.",
    }),
    reactions: z.array(reaction).optional(),
    answers: z.array(answer).optional().openapi({ description: 'The last vote or response of each person.' }),
    call_metadata: z.string().optional().openapi({ description: 'JSON, of a call.' }),
    filename: z.string(),
    url: z.string().openapi({ description: "Where WhatsApp keeps the file, encrypted; '' without one." }),
    file_length: z.int(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    kind: z.string().openapi({ description: 'text, image, poll, location and so on.' }),
    mime_type: z.string().optional(),
    details: z.record(z.string(), z.unknown()).optional().openapi({
      description:
        'What else is known of it, as in its `message` event: the exact `type` where `kind` is wider, `replied_to_id`, `quoted_body`, `mentions`, `forwarded`, `view_once`, `poll`, `location` and so on.',
    }),
    status: z.enum(['error', 'pending', 'server_ack', 'delivered', 'read', 'played']).optional().openapi({
      description: 'Of a message of the account itself: how far it has come.',
    }),
    starred: z.boolean(),
    pinned: z.boolean().openapi({ description: 'For all in the chat.' }),
    pinned_until: z.iso.datetime().optional(),
    kept: z.boolean().openapi({ description: 'It does not disappear: somebody has kept it.' }),
    edited_at: z.iso.datetime().optional(),
    revoked_at: z.iso.datetime().optional(),
  })
  .openapi('ChatMessage');

/** gowa's media types; the other kinds are text to its clients. */
const media = new Set(['image', 'video', 'audio', 'document', 'sticker', 'video_note', 'call']);
/** Of WebMessageInfo, by number. */
const states = ['error', 'pending', 'server_ack', 'delivered', 'read', 'played'] as const;

/** A chat in gowa's fields, and ours beside them. */
export function shownChat(chat: ChatView): z.input<typeof chatInfo> {
  return {
    jid: chat.jid,
    name: chat.name,
    last_message_time: (chat.lastAt ?? chat.createdAt).toISOString(),
    ephemeral_expiration: chat.ephemeral,
    created_at: chat.createdAt.toISOString(),
    updated_at: chat.updatedAt.toISOString(),
    archived: chat.archived,
    ...(chat.lid && chat.lid !== chat.jid && { lid: chat.lid }),
    unread_count: Math.max(0, chat.unread),
    marked_unread: chat.unread < 0,
    pinned: chat.pinnedAt !== null,
    muted_until: chat.mutedUntil?.toISOString() ?? null,
  };
}

/** A message in gowa's fields, and ours beside them. */
export function shownMessage(message: SaidView): z.input<typeof messageInfo> {
  const { call, reactions, answers, details, editedAt, revokedAt, pinnedUntil } = message;
  const pinned = message.pinnedAt !== null && (pinnedUntil === null || pinnedUntil.getTime() > Date.now());
  const status = states[message.status];
  return {
    id: message.id,
    chat_jid: message.chat,
    sender_jid: message.sender,
    sender_display_name: message.senderName,
    content: message.text,
    timestamp: message.at.toISOString(),
    is_from_me: message.fromMe,
    media_type: media.has(message.kind) ? message.kind : '',
    ...(reactions.length > 0 && {
      reactions: reactions.map(({ emoji, sender, senderName, fromMe, at }) => ({
        emoji,
        sender_jid: sender,
        sender_display_name: senderName,
        is_from_me: fromMe,
        timestamp: at.toISOString(),
      })),
    }),
    ...(answers.length > 0 && {
      answers: answers.map(({ said, sender, senderName, fromMe, at }) => ({
        sender_jid: sender,
        sender_display_name: senderName,
        is_from_me: fromMe,
        timestamp: at.toISOString(),
        ...said,
      })),
    }),
    ...(call && { call_metadata: JSON.stringify(call) }),
    filename: message.filename,
    url: message.url,
    file_length: message.length,
    created_at: message.createdAt.toISOString(),
    updated_at: message.updatedAt.toISOString(),
    kind: message.kind,
    ...(message.mimetype && { mime_type: message.mimetype }),
    ...(details && { details }),
    ...(message.fromMe && status && { status }),
    starred: message.starred,
    pinned,
    ...(pinned && pinnedUntil && { pinned_until: pinnedUntil.toISOString() }),
    kept: message.kept,
    ...(editedAt && { edited_at: editedAt.toISOString() }),
    ...(revokedAt && { revoked_at: revokedAt.toISOString() }),
  };
}
