/** Receipts: what others did with the messages of this account. */
import {
  type BinaryNode,
  isJidBroadcast,
  isJidGroup,
  isJidNewsletter,
  proto,
  type WAMessageKey,
  type WAMessageUpdate,
} from '@whiskeysockets/baileys';
import type { Draft } from '../../journal/event.ts';
import { bare, party } from '../jid.ts';
import { envelopeOf, isSelf, named, type Self, type Told } from './envelope.ts';
import { childOf, childrenOf, timesOf } from './nodes.ts';
import { given, timeOf } from './read.ts';

const { Status } = proto.WebMessageInfo;

const receipts: Readonly<Record<number, { type: string; description: string }>> = {
  [Status.DELIVERY_ACK]: { type: 'delivered', description: 'the message was delivered to the recipient' },
  [Status.READ]: { type: 'read', description: 'the recipient has read the message' },
  [Status.PLAYED]: { type: 'played', description: 'the recipient has played the message' },
};

function ack(
  ids: string[],
  key: WAMessageKey,
  status: number,
  at: number,
  self: Self,
  from?: string,
): Draft | undefined {
  const receipt = receipts[status];
  if (!receipt) return undefined;
  const { chat_id, chat_lid, from: sender, from_lid } = envelopeOf({ ...key, fromMe: false }, self);
  const reader = from ?? sender;
  return {
    event: 'message.ack',
    at,
    identity: `${named(chat_lid, chat_id)} ${from ?? named(from_lid, sender)} ${receipt.type} ${ids.join(' ')}`,
    payload: {
      ids,
      chat_id,
      ...(chat_lid && { chat_lid }),
      from: reader,
      ...(from_lid && { from_lid }),
      sender_display_name: '',
      receipt_type: receipt.type,
      receipt_type_description: receipt.description,
      timestamp: new Date(at).toISOString(),
    },
  };
}

/** `messages.update`: receipts of direct chats. Those with the same chat, status and time become one event. */
export function fromUpdates(updates: WAMessageUpdate[], self: Self): Draft[] {
  const groups = new Map<string, { key: WAMessageKey; status: number; at: number; ids: string[] }>();
  for (const { key, update } of updates) {
    const status = update.status;
    if (typeof status !== 'number' || !key.id || key.fromMe !== true) continue;
    const at = timeOf(update.messageTimestamp);
    const name = `${key.remoteJid} ${status} ${at}`;
    const group = groups.get(name);
    if (group) group.ids.push(key.id);
    else groups.set(name, { key, status, at, ids: [key.id] });
  }
  return [...groups.values()]
    .map(({ ids, key, status, at }) => ack(ids, key, status, at, self))
    .filter(draft => draft !== undefined);
}

/** What oneself read on another device: the phone tells the others so (a `read-self` where others must not know). */
const SEEN = new Set(['read', 'read-self', 'played', 'played-self']);

/** `<receipt>` of another device of the account, of messages that others sent. */
export function fromOwnReceipt(node: BinaryNode, self: Self): Told[] {
  const { from, participant, recipient, type = '', id } = node.attrs;
  if (id === undefined || !SEEN.has(type) || !isSelf(bare(participant ?? from), self)) return [];
  const inGroup = isJidGroup(from);
  const { shown, lid } = party(
    inGroup ? from : recipient,
    node.attrs.recipient_pn ?? node.attrs.recipient_lid,
  );
  if (shown === '' || isJidBroadcast(shown) || isJidNewsletter(shown)) return [];
  const more = childrenOf(childOf(node, 'list') ?? node, 'item').flatMap(item => item.attrs.id ?? []);
  const ids = [id, ...more];
  const { at, timestamp } = timesOf(node);
  const payload = { chat_id: shown, ...given({ chat_lid: lid }), ids, timestamp };
  return [{ event: 'chat.read', at, identity: `${named(lid, shown)} ${ids.join(' ')}`, payload }];
}

interface GroupReceipt {
  readonly key: WAMessageKey;
  readonly receipt: { userJid?: string | null; receiptTimestamp?: unknown; readTimestamp?: unknown };
}

/**
 * `message-receipt.update`: receipts of groups, one per participant. Not those of one's own: Baileys turns a `sender`
 * receipt of one's phone into a read one (messages-recv.ts handleReceipt), and what oneself looked at is no news.
 */
export function fromGroupReceipts(updates: GroupReceipt[], self: Self): Draft[] {
  return updates
    .map(({ key, receipt }) => {
      const reader = bare(receipt.userJid);
      if (!key.id || reader === bare(self.jid) || reader === bare(self.lid)) return undefined;
      const read = receipt.readTimestamp !== undefined && receipt.readTimestamp !== null;
      const at = timeOf(read ? receipt.readTimestamp : receipt.receiptTimestamp);
      return ack([key.id], key, read ? Status.READ : Status.DELIVERY_ACK, at, self, reader);
    })
    .filter(draft => draft !== undefined);
}
