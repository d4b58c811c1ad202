/** From Baileys' events to what the chat store wants to know. Only looks: what costs is done when it is written. */
import type {
  BaileysEventMap,
  Chat,
  ChatUpdate,
  Contact,
  GroupMetadata,
  WACallEvent,
  WAMessage,
  WAMessageKey,
  WAMessageUpdate,
} from '@whiskeysockets/baileys';

/** A call, and whether the device has rejected it by itself. */
export type Call = WACallEvent & { readonly autoRejected?: boolean };

/** One thing that was heard, as Baileys has it. */
export type Heard =
  | { readonly what: 'pair'; readonly pn: string; readonly lid: string }
  | { readonly what: 'message'; readonly message: WAMessage; readonly live: boolean }
  | { readonly what: 'update'; readonly update: WAMessageUpdate }
  | { readonly what: 'removed'; readonly key: WAMessageKey }
  | { readonly what: 'chat'; readonly chat: ChatUpdate | Chat; readonly whole: boolean }
  | { readonly what: 'group'; readonly group: Partial<GroupMetadata> }
  | { readonly what: 'contact'; readonly contact: Partial<Contact> }
  | { readonly what: 'call'; readonly call: Call }
  | { readonly what: 'ended'; readonly jid: string; readonly keep: boolean };

export type Events = Partial<BaileysEventMap>;

/** In the order in which it is to be written: who people are, before what they say. */
export function heardIn(events: Events): Heard[] {
  const history = events['messaging-history.set'];
  const pairs = [...(history?.lidPnMappings ?? []), ...toArray(events['lid-mapping.update'])];
  const contacts = [
    ...(history?.contacts ?? []),
    ...(events['contacts.upsert'] ?? []),
    ...(events['contacts.update'] ?? []),
  ];
  const removed = events['messages.delete'];
  return [
    ...pairs.map(({ pn, lid }) => ({ what: 'pair', pn, lid }) as const),
    ...contacts.map(contact => ({ what: 'contact', contact }) as const),
    ...[...(history?.chats ?? []), ...(events['chats.upsert'] ?? [])].map(
      chat => ({ what: 'chat', chat, whole: true }) as const,
    ),
    ...[...(events['groups.upsert'] ?? []), ...(events['groups.update'] ?? [])].map(
      group => ({ what: 'group', group }) as const,
    ),
    ...(history?.messages ?? []).map(message => ({ what: 'message', message, live: false }) as const),
    ...(events['messages.upsert']?.messages ?? []).map(
      message => ({ what: 'message', message, live: true }) as const,
    ),
    ...(events['messages.update'] ?? []).map(update => ({ what: 'update', update }) as const),
    ...(events['chats.update'] ?? []).map(chat => ({ what: 'chat', chat, whole: false }) as const),
    ...(events.call ?? []).map(call => ({ what: 'call', call }) as const),
    ...(removed && 'keys' in removed ? removed.keys.map(key => ({ what: 'removed', key }) as const) : []),
    ...(removed && 'jid' in removed ? [{ what: 'ended', jid: removed.jid, keep: true } as const] : []),
    ...(events['chats.delete'] ?? []).map(jid => ({ what: 'ended', jid, keep: false }) as const),
  ].filter(matters);
}

/** Most of what Baileys tells of chats follows from their messages; it is not worth a write. */
function matters(heard: Heard): boolean {
  switch (heard.what) {
    case 'chat': {
      const { chat, whole } = heard;
      if (whole) return Boolean(chat.id);
      const { archived, pinned, muteEndTime, unreadCount, ephemeralExpiration, name } = chat;
      const said = [archived, pinned, muteEndTime, ephemeralExpiration, name].some(
        value => value !== undefined,
      );
      return Boolean(chat.id) && (said || unreadCount === 0 || unreadCount === -1);
    }
    case 'group':
      return Boolean(heard.group.id && (heard.group.subject || heard.group.ephemeralDuration !== undefined));
    case 'contact': {
      const { id, name, notify, verifiedName } = heard.contact;
      return Boolean(id && (name || notify || verifiedName));
    }
    case 'call':
      return heard.call.status === 'offer';
    case 'update': {
      const { status, starred } = heard.update.update;
      return typeof status === 'number' || typeof starred === 'boolean';
    }
    default:
      return true;
  }
}

const toArray = <T>(value: T | T[] | undefined): T[] => (value === undefined ? [] : ([value].flat() as T[]));
