// What an endpoint wants of a device's events. Names and JIDs are compared as they are: there are no patterns, so there is
// none that takes for ever.
import { isWanted } from '../journal/names.ts';

export interface Filter {
  /** Lower-case names; empty: all but those that must be named. */
  readonly events: ReadonlySet<string>;
  /** JIDs of chats; empty: all. */
  readonly chats: ReadonlySet<string>;
  readonly direction: 'any' | 'incoming' | 'outgoing';
  /** Whether it wants what the account itself wrote. */
  readonly own: boolean;
}

type Payload = Readonly<Record<string, unknown>>;

/** Where a payload says what chat it is about, the first that is there: a call or a presence is of the chat with who it is from. */
const CHAT_FIELDS = [
  ['chat_id', 'chat_lid'],
  ['newsletter_id'],
  ['group_jid'],
  ['from', 'from_lid'],
  ['jid', 'lid'],
] as const;

/** They are about messages of the account, whoever told them. */
const ABOUT_OWN = new Set(['message.ack', 'message.status']);

/**
 * Whether the endpoint wants the event; `payload` is asked for only when its name does not decide. What is about no chat
 * (a state of the device, a setting) passes every list of chats, and what has no direction passes every direction.
 */
export function wants(filter: Filter, event: string, payload: () => Payload): boolean {
  const name = event.toLowerCase();
  if (!isWanted(filter.events, name)) return false;
  if (filter.chats.size === 0 && filter.direction === 'any' && filter.own) return true;
  const told = payload();
  if (!filter.own && told.is_from_me === true) return false;
  if (filter.direction !== 'any') {
    const direction = directionOf(name, told);
    if (direction !== undefined && direction !== filter.direction) return false;
  }
  if (filter.chats.size === 0) return true;
  const names = chatNames(told);
  return names.length === 0 || names.some(each => filter.chats.has(each));
}

/** Of a message, by who wrote it; of what somebody did to one, by who did it. */
function directionOf(event: string, { is_from_me, was_from_me }: Payload): Filter['direction'] | undefined {
  if (ABOUT_OWN.has(event)) return 'outgoing';
  const own = is_from_me ?? was_from_me;
  if (typeof own !== 'boolean') return undefined;
  return own ? 'outgoing' : 'incoming';
}

/** The names of the chat that it is about, one or two; none when it is about no chat. */
function chatNames(payload: Payload): string[] {
  for (const fields of CHAT_FIELDS) {
    const names = fields.map(field => payload[field]).filter(value => typeof value === 'string');
    if (names.some(name => name !== '')) return names;
  }
  return [];
}
