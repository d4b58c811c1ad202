// Carrying messages and receipts between devices (protocol.md 8.2, 9.2). Clients and simulated phones use the same way.
import { type Account, accountJid, type Device, deviceJid } from '../accounts/accounts.ts';
import type { Domain, Jid } from '../wire/jid.ts';
import { type BinaryNode, node, unixNow } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** One message on its way to one device. */
export interface Parcel {
  readonly sender: Device;
  readonly target: Device;
  /** The person it was addressed to, in the form the sender used. */
  readonly chat: Jid;
  /** `id`, `type` and what is passed through unchanged (`edit`, `expiration`, ...). */
  readonly attrs: Readonly<Record<string, string | undefined>>;
  readonly enc: BinaryNode;
  /** Present when some enc is a pkmsg; only those recipients get it. */
  readonly identity: BinaryNode | undefined;
  /** Other children of the message, passed through. */
  readonly extras: readonly BinaryNode[];
  readonly peer: boolean;
}

export function deliverMessage(world: World, parcel: Parcel): void {
  const { sender, target, chat, enc } = parcel;
  const content = [enc, ...parcel.extras];
  if (parcel.identity && enc.attrs.type === 'pkmsg') content.push(parcel.identity);
  const attrs = {
    ...parcel.attrs,
    t: unixNow(),
    notify: sender.account.name,
    ...addressing(world, sender, target, chat, parcel.peer),
  };
  hand(world, target, node('message', attrs, content));
}

function addressing(world: World, sender: Device, target: Device, chat: Jid, peer: boolean) {
  const own = sender.account === target.account;
  if (peer) return { from: deviceJid(sender), category: 'peer' };
  const from = deviceJid(sender, chat.domain);
  if (!own) {
    return chat.domain === 'lid'
      ? { from, sender_pn: accountJid(sender.account), addressing_mode: 'lid' }
      : { from, sender_lid: accountJid(sender.account, 'lid'), addressing_mode: 'pn' };
  }
  // Only on copies for one's own devices: Baileys throws on `recipient` from anybody else.
  const recipient = `${chat.user}@${chat.domain}`;
  const other = world.accounts.byUser(chat.user, chat.domain);
  if (!other) return { from, recipient };
  return chat.domain === 'lid'
    ? { from, recipient, peer_recipient_pn: accountJid(other) }
    : { from, recipient, peer_recipient_lid: accountJid(other, 'lid') };
}

export interface ReceiptParcel {
  readonly sender: Device;
  readonly ids: readonly string[];
  /** Absent: delivered. */
  readonly type: string | undefined;
  /** In which form the two know each other. */
  readonly domain: Domain;
  readonly recipient?: string | undefined;
  /** Children that a retry carries. */
  readonly content?: readonly BinaryNode[] | undefined;
}

export function deliverReceipt(world: World, parcel: ReceiptParcel, target: Device): void {
  const [first, ...more] = parcel.ids;
  const list =
    more.length > 0
      ? [
          node(
            'list',
            {},
            more.map(id => node('item', { id })),
          ),
        ]
      : [];
  const content = [...list, ...(parcel.content ?? [])];
  const attrs = {
    id: first,
    from: deviceJid(parcel.sender, parcel.domain),
    type: parcel.type,
    t: unixNow(),
    recipient: parcel.recipient,
  };
  hand(world, target, node('receipt', attrs, content.length > 0 ? content : undefined));
}

/** To every device of an account, the phone included, except `not`. */
export function receiptToAll(world: World, parcel: ReceiptParcel, account: Account, not?: Device): void {
  for (const device of account.devices.values()) if (device !== not) deliverReceipt(world, parcel, device);
}

function hand(world: World, target: Device, stanza: BinaryNode): void {
  const jid = deviceJid(target);
  if (stanza.tag === 'message') {
    world.ledger.addressed(stanza, jid);
    if (world.faults.armed?.fire('message.lost', target, stanza)) return;
    world.ledger.delivered(stanza.attrs.id ?? '', jid);
  }
  if (target.phone) {
    if (stanza.tag === 'message') world.ledger.handed(stanza, jid, true);
    target.phone.receive(stanza);
  } else {
    target.mailbox.push(stanza);
    world.changed();
  }
}
