// Receipts and acks from clients: they confirm delivery to the server and travel on to the sender (protocol.md 9).
import { type Device, deviceJid, ownPhone } from '../accounts/accounts.ts';
import { bareChat, type Chat, chatOf } from '../delivery/chat.ts';
import { deliverReceipt, type ReceiptParcel, receiptToPeople, SEEN } from '../delivery/routing.ts';
import { handleMediaRetry } from '../media/retry.ts';
import { type Jid, parseJid } from '../wire/jid.ts';
import { attr, type BinaryNode, child, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** Between a companion and its own account's server side or phone: nobody else is told. */
const INTERNAL = new Set(['peer_msg', 'hist_sync', 'server-error']);
/** Of these, what the account's own phone hears: that its peer messages arrived. */
const TO_OWN_PHONE = new Set(['peer_msg', 'hist_sync']);
/** To the one device that sent the message: it has to send again, or its phone has it too. */
const TO_DEVICE = new Set(['retry', 'sender', 'enc_rekey_retry']);

export function handleReceipt(world: World, sender: Device, receipt: BinaryNode): void {
  const id = attr(receipt, 'id');
  const { to, type, participant } = receipt.attrs;
  sender.connection?.send(node('ack', { class: 'receipt', id, from: to, type, participant }));
  const ids = [id, ...children(child(receipt, 'list'), 'item').map(item => attr(item, 'id'))];
  if (!SEEN.has(type ?? '')) {
    // Several may be confirmed at once: clients that were offline do so.
    for (const one of ids) {
      const { mailbox } = sender;
      if (type === 'retry' ? mailbox.askAgain(one) : mailbox.confirm('message', one)) world.changed();
    }
  }
  for (const one of ids) world.ledger.receipt(one, deviceJid(sender), type ?? 'delivered');
  if (TO_OWN_PHONE.has(type ?? '')) {
    const heard = node('receipt', { id, from: deviceJid(sender), type });
    ownPhone(sender.account)?.receive(heard);
  }
  if (type === 'server-error') handleMediaRetry(world, sender, receipt);
  if (INTERNAL.has(type ?? '') || world.faults.armed?.fire('receipt.drop', sender, receipt)) return;
  passOn(world, sender, receipt, ids);
}

function passOn(world: World, sender: Device, receipt: BinaryNode, ids: string[]): void {
  const { to, type, participant, recipient } = receipt.attrs;
  const chat = chatOf(world, to);
  const author = chat?.kind === 'person' ? chat.jid : parseJid(participant);
  const account = author && world.accounts.byUser(author.user, author.domain);
  if (!chat || !account) return;
  const content = children(receipt).filter(one => one.tag !== 'list');
  const parcel: ReceiptParcel = { sender, ids, type, chat: bareChat(chat), form: author.domain, content };
  if (!TO_DEVICE.has(type ?? '')) {
    receiptToPeople(world, parcel, account, { kind: 'person', jid: { ...author, device: 0 } });
    return;
  }
  const target = account.devices.get(author.device);
  if (target && target !== sender)
    deliverReceipt(world, { ...parcel, recipient: ownCopy(world, sender, author, recipient) }, target);
}

/** The chat that a copy of one's own message belongs to. */
function ownCopy(world: World, sender: Device, author: Jid, recipient: string | undefined): Chat | undefined {
  return sender.account === world.accounts.byUser(author.user, author.domain)
    ? chatOf(world, recipient)
    : undefined;
}

/** `<ack>` confirms what is not a message, and a message that the client gave up on. */
export function handleAck(world: World, device: Device, ack: BinaryNode): void {
  const { class: tag, id, error } = ack.attrs;
  if (tag === undefined || id === undefined) return;
  const late = tag === 'message' && error !== undefined && device.mailbox.gaveUpBefore(id);
  if (tag === 'message') world.ledger.nacked(id, deviceJid(device), error, late);
  if (!late && device.mailbox.confirm(tag, id)) world.changed();
}
