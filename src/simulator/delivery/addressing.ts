// In which form, number or LID, people appear on a stanza, and how its other form is told (protocol.md 8.2, 8.4, 9.2).
import { type Account, accountJid, type Device, deviceJid } from '../accounts/accounts.ts';
import type { Domain, Jid } from '../wire/jid.ts';
import type { World } from '../world.ts';
import { type Chat, chatJid, STATUS } from './chat.ts';

/** How messages between two people are delivered: as their sender addressed them, or always in one form. */
export type Addressing = 'as-sent' | 'pn' | 'lid';
export const ADDRESSINGS = ['as-sent', 'pn', 'lid'] as const;

type Attrs = Record<string, string | undefined>;

/** The form in which a chat that was written in `written` is delivered. */
export function deliveredForm(world: World, written: Domain): Domain {
  const { addressing } = world.delivery;
  if (addressing === 'as-sent') return written;
  return addressing === 'lid' ? 'lid' : 's.whatsapp.net';
}

const otherForm = (form: Domain): Domain => (form === 'lid' ? 's.whatsapp.net' : 'lid');
/** `sender_pn` on a stanza in LID form, `sender_lid` on one in number form (Baileys `extractAddressingContext`). */
const twin = (name: string, account: Account, form: Domain): Attrs => ({
  [`${name}_${form === 'lid' ? 'pn' : 'lid'}`]: accountJid(account, otherForm(form)),
});
const mode = (form: Domain): string => (form === 'lid' ? 'lid' : 'pn');

/** Who a message is from, as `target` sees it. `form` is how the sender wrote this recipient. */
export function messageAddress(
  world: World,
  { sender, target, chat, form }: { sender: Device; target: Device; chat: Chat; form: Domain },
): Attrs {
  if (chat.kind === 'group') return inGroup(sender, chat.group.jid, chat.group.addressing);
  if (chat.kind === 'status') return asStatus(sender, deliveredForm(world, form));
  const shown = deliveredForm(world, chat.jid.domain);
  const from = deviceJid(sender, shown);
  if (sender.account !== target.account)
    return { from, ...twin('sender', sender.account, shown), addressing_mode: mode(shown) };
  // Only on copies for one's own devices: Baileys throws on `recipient` from anybody else.
  return { from, ...recipientOf(world, chat.jid, shown) };
}

/** The chat of a copy for the sender's own devices. The person may have no account: then the JID stays as written. */
function recipientOf(world: World, chat: Jid, shown: Domain): Attrs {
  const other = world.accounts.byUser(chat.user, chat.domain);
  if (!other) return { recipient: `${chat.user}@${chat.domain}` };
  return { recipient: accountJid(other, shown), ...twin('peer_recipient', other, shown) };
}

/** Who a receipt is from. `form` is how its receiver knows the two people; a group has its own. */
export function receiptAddress(
  { sender, target, chat }: { sender: Device; target: Device; chat: Chat },
  form: Domain,
): Attrs {
  if (chat.kind === 'group') return inGroup(sender, chat.group.jid, chat.group.addressing);
  if (chat.kind === 'status') return asStatus(sender, form);
  const from = deviceJid(sender, form);
  return sender.account === target.account ? { from } : { from, ...twin('sender', sender.account, form) };
}

function inGroup(sender: Device, from: string, form: Domain): Attrs {
  return {
    from,
    participant: deviceJid(sender, form),
    ...twin('participant', sender.account, form),
    addressing_mode: mode(form),
  };
}

// Without `addressing_mode`: the server refuses it there (whatsapp-rust wacore/src/send/group.rs).
function asStatus(sender: Device, form: Domain): Attrs {
  return {
    from: STATUS,
    participant: deviceJid(sender, form),
    ...twin('participant', sender.account, form),
  };
}

/** The form in which a chat's people are written. */
export function formOf(chat: Chat): Domain | undefined {
  if (chat.kind === 'person') return chat.jid.domain;
  return chat.kind === 'group' ? chat.group.addressing : undefined;
}

/** Names a chat in a form, for the `recipient` of receipts. */
export function chatIn(world: World, chat: Chat, form: Domain): string {
  const account = chat.kind === 'person' && world.accounts.byUser(chat.jid.user, chat.jid.domain);
  return account ? accountJid(account, form) : chatJid(chat);
}
