// The chat store of one device as a caller of the API sees it.
import assert from 'node:assert/strict';
import type { TestNode } from './node.ts';
import { until } from './until.ts';

export interface StoredMessage {
  readonly id: string;
  readonly chat_jid: string;
  readonly sender_jid: string;
  readonly sender_display_name: string;
  readonly content: string;
  readonly timestamp: string;
  readonly is_from_me: boolean;
  readonly media_type: string;
  readonly filename: string;
  readonly url: string;
  readonly file_length: number;
  readonly mime_type?: string;
  readonly kind: string;
  readonly status?: string;
  readonly call_metadata?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly starred: boolean;
  readonly pinned: boolean;
  readonly pinned_until?: string;
  readonly kept: boolean;
  readonly edited_at?: string;
  readonly revoked_at?: string;
  readonly reactions?: readonly {
    readonly emoji: string;
    readonly sender_jid: string;
    readonly is_from_me: boolean;
  }[];
  readonly answers?: readonly {
    readonly sender_jid: string;
    readonly is_from_me: boolean;
    readonly selected_options?: readonly string[];
    readonly response?: string;
    readonly extra_guests?: number;
  }[];
}

export interface StoredChat {
  readonly jid: string;
  readonly lid?: string;
  readonly name: string;
  readonly archived: boolean;
  readonly pinned: boolean;
  readonly last_message_time: string;
  readonly unread_count: number;
  readonly marked_unread: boolean;
  readonly ephemeral_expiration: number;
}

export interface StoredPage<T> {
  readonly data: readonly T[];
  readonly pagination: { readonly total?: number; readonly next?: string; readonly previous?: string };
}

type Query = Record<string, string | number>;

export function storedBy(node: TestNode, device: string) {
  const ask = <T>(path: string, query: Query = {}) => {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) search.set(key, String(value));
    return node.api<T>('GET', `${path}?${search}`, undefined, { 'x-device-id': device });
  };
  const get = async <T>(path: string, query?: Query): Promise<T> => {
    const { status, body } = await ask<T>(path, query);
    assert.equal(status, 200, `${path}: ${body.message}`);
    return body.results as T;
  };
  const messages = (chat: string, query?: Query) =>
    get<StoredPage<StoredMessage> & { chat_info: StoredChat }>(
      `/chat/${encodeURIComponent(chat)}/messages`,
      query,
    );
  const one = async (chat: string, id: string) => {
    const { status, body } = await ask<StoredPage<StoredMessage>>(`/chat/${chat}/messages`, { limit: 100 });
    return status === 200 ? body.results?.data.find(said => said.id === id) : undefined;
  };
  return {
    ask,
    get,
    messages,
    chats: (query?: Query) => get<StoredPage<StoredChat>>('/chats', { limit: 100, ...query }),
    search: (q: string) => get<StoredPage<StoredMessage>>('/chats/search', { q }),
    one,
    /** The messages of a chat, once there are so many. */
    told: (chat: string, count: number) =>
      until(
        async () => {
          const { status, body } = await ask<StoredPage<StoredMessage>>(`/chat/${chat}/messages`, {
            limit: 100,
          });
          const data = status === 200 ? (body.results?.data ?? []) : [];
          return data.length >= count ? data : undefined;
        },
        { what: `${count} messages in ${chat}` },
      ),
    /** A message of a chat, once it is there and, with `when`, is so. */
    said: (chat: string, id: string, when: (said: StoredMessage) => unknown = () => true) =>
      until(
        async () => {
          const found = await one(chat, id);
          return found && when(found) ? found : undefined;
        },
        { what: `${id} in ${chat}, when ${when}` },
      ),
  };
}
