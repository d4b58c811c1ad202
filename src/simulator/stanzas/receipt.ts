// Receipts and acks from clients: they confirm delivery to the server and travel on to the sender (protocol.md 9).
import { type Account, accountJid, type Device, deviceJid } from '../accounts/accounts.ts';
import { deliverReceipt, type ReceiptParcel, receiptToAll } from '../delivery/routing.ts';
import { type Jid, parseJid } from '../wire/jid.ts';
import { attr, type BinaryNode, child, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** These say that a person looked, not that the stanza arrived. */
const SEEN = new Set(['read', 'read-self', 'played', 'played-self']);
/** Between a companion and its own account's server side or phone: nobody else is told. */
const INTERNAL = new Set(['peer_msg', 'hist_sync', 'server-error']);
/** Of these, what the account's own phone hears: that its peer messages arrived. */
const TO_OWN_PHONE = new Set(['peer_msg', 'hist_sync']);

export function handleReceipt(world: World, sender: Device, receipt: BinaryNode): void {
  const id = attr(receipt, 'id');
  const { to, type, participant, recipient } = receipt.attrs;
  sender.connection?.send(node('ack', { class: 'receipt', id, from: to, type, participant }));
  const ids = [id, ...children(child(receipt, 'list'), 'item').map(item => attr(item, 'id'))];
  if (!SEEN.has(type ?? '') && sender.mailbox.confirm('message', id)) world.changed();
  for (const one of ids) world.ledger.receipt(one, deviceJid(sender), type ?? 'delivered');
  if (TO_OWN_PHONE.has(type ?? '')) {
    const heard = node('receipt', { id, from: deviceJid(sender), type });
    sender.account.devices.get(0)?.phone?.receive(heard);
  }
  const author = parseJid(to);
  if (!author || world.faults.armed?.fire('receipt.drop', sender, receipt)) return;
  const account = world.accounts.byUser(author.user, author.domain);
  if (!account || INTERNAL.has(type ?? '')) return;
  const content = children(receipt).filter(one => one.tag !== 'list');
  passOn(world, { sender, ids, type, domain: author.domain, recipient, content }, account, author);
}

function passOn(world: World, parcel: ReceiptParcel, account: Account, author: Jid): void {
  const { sender, type } = parcel;
  if (type === 'retry' || type === 'sender') {
    const target = account.devices.get(author.device);
    if (target && target !== sender) deliverReceipt(world, parcel, target);
    return;
  }
  if (account !== sender.account) receiptToAll(world, { ...parcel, recipient: undefined }, account);
  // The reader's other devices mark the chat as read too.
  if (SEEN.has(type ?? '')) {
    const recipient = parcel.recipient ?? accountJid(account, parcel.domain);
    receiptToAll(world, { ...parcel, recipient }, sender.account, sender);
  }
}

/** `<ack>` confirms what is not a message, and a message that the client gave up on. */
export function handleAck(world: World, device: Device, ack: BinaryNode): void {
  const { class: tag, id, error } = ack.attrs;
  if (tag === 'message' && id !== undefined) world.ledger.nacked(id, deviceJid(device), error);
  if (tag !== undefined && id !== undefined && device.mailbox.confirm(tag, id)) world.changed();
}
