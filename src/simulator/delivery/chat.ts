// What a message can be addressed to: a person, a group, or the status list (protocol.md 8).
import type { Group } from '../groups/groups.ts';
import { type Jid, parseJid } from '../wire/jid.ts';
import type { World } from '../world.ts';

/** The JID that statuses are sent to, and come from. */
export const STATUS = 'status@broadcast';

export type Chat =
  | { readonly kind: 'person'; readonly jid: Jid }
  | { readonly kind: 'group'; readonly group: Group }
  | { readonly kind: 'status' };

/** The chat of a JID as stanzas write it; undefined for a group that does not exist and for what is no chat. */
export function chatOf(world: World, text: string | undefined): Chat | undefined {
  if (text === STATUS) return { kind: 'status' };
  const jid = parseJid(text);
  if (jid) return { kind: 'person', jid };
  const group = world.groups.byJid(text);
  return group && { kind: 'group', group };
}

/** The chat itself, whichever device of the person was named. */
export function bareChat(chat: Chat): Chat {
  return chat.kind === 'person' ? { kind: 'person', jid: { ...chat.jid, device: 0 } } : chat;
}

/** The chat's JID, without a device. */
export function chatJid(chat: Chat): string {
  if (chat.kind === 'status') return STATUS;
  return chat.kind === 'group' ? chat.group.jid : `${chat.jid.user}@${chat.jid.domain}`;
}
