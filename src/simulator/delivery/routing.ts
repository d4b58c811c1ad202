// Carrying messages and receipts between devices (protocol.md 8.2, 9.2). Clients and simulated phones use the same way.
import { type Account, type Device, deviceJid } from '../accounts/accounts.ts';
import { businessExtras } from '../business/verified-name.ts';
import { admits } from '../profile/correspondence.ts';
import { hidesReading } from '../profile/privacy.ts';
import type { Domain } from '../wire/jid.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { chatIn, deliveredForm, formOf, messageAddress, receiptAddress } from './addressing.ts';
import type { Chat } from './chat.ts';

/** One message on its way to one device. */
export interface Parcel {
  readonly sender: Device;
  readonly target: Device;
  /** As the sender addressed it. */
  readonly chat: Chat;
  /** In which form the sender wrote this device; counts for a status, which has no form of its own. */
  readonly form?: Domain | undefined;
  /** `id`, `type` and what is passed through unchanged (`edit`, `expiration`, ...); `t` where it is an older one's. */
  readonly attrs: Readonly<Record<string, string | undefined>>;
  /** What this device can decrypt, in the order in which it must. */
  readonly encs: readonly BinaryNode[];
  /** Present when some enc is a pkmsg; only those recipients get it. */
  readonly identity: BinaryNode | undefined;
  /** Other children of the message, passed through. */
  readonly extras: readonly BinaryNode[];
  /** Between a companion and its own phone. */
  readonly peer?: boolean;
}

export function deliverMessage(world: World, parcel: Parcel): void {
  const { sender, target, chat, encs, identity } = parcel;
  // In a group everybody hears everybody, blocked or not.
  if (chat.kind !== 'group' && !parcel.peer && !admits(world, target.account, sender.account, chat)) return;
  const content = [...encs, ...parcel.extras];
  if (target.account !== sender.account) content.push(...businessExtras(world, sender.account));
  if (identity && encs.some(enc => enc.attrs.type === 'pkmsg')) content.push(identity);
  const form = parcel.form ?? formOf(chat) ?? 's.whatsapp.net';
  const address = parcel.peer
    ? { from: deviceJid(sender, deliveredForm(world, form)), category: 'peer' }
    : messageAddress(world, { sender, target, chat, form });
  const id = parcel.attrs.id ?? '';
  if (chat.kind !== 'group' && !parcel.peer && deliveredForm(world, form) !== form)
    world.sentForms.remember(sender.account, id, form);
  const attrs = { t: world.clock.seconds(), ...parcel.attrs, notify: sender.account.name, ...address };
  hand(world, target, node('message', attrs, content));
}

export interface ReceiptParcel {
  readonly sender: Device;
  readonly ids: readonly string[];
  /** Absent: delivered. */
  readonly type: string | undefined;
  /** Where the messages were, as the sender of the receipt knows it. */
  readonly chat: Chat;
  /** The form in which the sender of the receipt wrote people. */
  readonly form: Domain;
  /** Only on receipts of one's own devices: the chat, or in a group the author. */
  readonly recipient?: Chat | undefined;
  /** Children that a retry carries. */
  readonly content?: readonly BinaryNode[] | undefined;
}

export function deliverReceipt(world: World, parcel: ReceiptParcel, target: Device): void {
  const [first = '', ...more] = parcel.ids;
  const between = parcel.chat.kind === 'person';
  if (between && hidesReading(world, parcel.type, parcel.sender.account, target.account)) return;
  const items = more.map(id => node('item', { id }));
  const content = [...(more.length > 0 ? [node('list', {}, items)] : []), ...(parcel.content ?? [])];
  // The author knows its message in the form in which it sent it, not in the one in which it arrived.
  const form = world.sentForms.of(target.account, first) ?? parcel.form;
  const attrs = {
    id: first,
    type: parcel.type,
    t: world.clock.seconds(),
    recipient: parcel.recipient && chatIn(world, parcel.recipient, form),
    ...receiptAddress({ sender: parcel.sender, target, chat: parcel.chat }, form),
  };
  hand(world, target, node('receipt', attrs, content.length > 0 ? content : undefined));
}

/** To every device of an account, the phone included, except `not`. */
function receiptToAll(world: World, parcel: ReceiptParcel, account: Account, not?: Device): void {
  for (const device of account.devices.values()) if (device !== not) deliverReceipt(world, parcel, device);
}

/**
 * A receipt's way. `author` wrote the messages. Delivered and the like go to all of the author's devices; what says that
 * a person looked (read, played) to the reader's own other devices as well, and `read-self` to nobody else.
 */
export function receiptToPeople(
  world: World,
  parcel: ReceiptParcel,
  author: Account,
  authorChat: Chat,
): void {
  const { sender, type } = parcel;
  const own = sender.account;
  if (author !== own && !SELF.has(type ?? '')) receiptToAll(world, parcel, author);
  if (SEEN.has(type ?? '')) {
    const recipient = parcel.chat.kind === 'person' ? parcel.chat : authorChat;
    receiptToAll(world, { ...parcel, recipient }, own, sender);
  }
}

/** These say that a person looked, not that the stanza arrived. */
export const SEEN: ReadonlySet<string> = new Set(['read', 'read-self', 'played', 'played-self']);
/** Of these, the ones that only the reader's own devices hear of: receipts are switched off. */
const SELF: ReadonlySet<string> = new Set(['read-self', 'played-self']);

function hand(world: World, target: Device, stanza: BinaryNode): void {
  const jid = deviceJid(target);
  if (stanza.tag === 'message') {
    world.ledger.addressed(stanza, jid);
    const id = stanza.attrs.id ?? '';
    if (world.faults.armed?.fire('message.lost', target, stanza)) {
      world.ledger.lost(id, jid);
      return;
    }
    world.ledger.delivered(id, jid);
  }
  if (target.phone) target.phone.receive(stanza);
  else {
    target.mailbox.push(stanza);
    world.changed();
  }
}
