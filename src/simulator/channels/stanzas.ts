// What clients send to a channel that is no mex query: posts, reactions, views, and requests of xmlns `newsletter`.
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { type Answer, IqError, type Request } from '../stanzas/request.ts';
import { attr, type BinaryNode, bytes, child, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { Channel, Post } from './channels.ts';
import { postNode } from './post-node.ts';
import { type PostError, post, postById, react, view } from './posting.ts';

export function isChannelJid(jid: string | undefined): boolean {
  return jid?.endsWith('@newsletter') === true;
}

/** `<message to=CHANNEL>`: `<plaintext>` is a post, `<reaction>` a reaction. The ack has the post's server id. */
export function handleChannelMessage(world: World, sender: Device, message: BinaryNode): void {
  const id = attr(message, 'id');
  const to = attr(message, 'to');
  world.ledger.sent(id, deviceJid(sender), to);
  const done = take(world, sender, message, id, to);
  const error = typeof done === 'object' ? undefined : done;
  const server_id = typeof done === 'object' ? String(done.serverId) : undefined;
  world.ledger.acked(id, error);
  const attrs = { class: 'message', id, from: to, t: world.clock.seconds(), server_id, error };
  sender.connection?.send(node('ack', attrs));
}

function take(
  world: World,
  sender: Device,
  message: BinaryNode,
  id: string,
  to: string,
): Post | PostError | undefined {
  const channel = world.channels.byJid(to);
  if (!channel) return '404';
  const { type = 'text', edit, server_id } = message.attrs;
  const reaction = child(message, 'reaction');
  if (reaction) {
    const code = edit === '7' ? undefined : reaction.attrs.code;
    return react(world, channel, sender.account, Number(server_id), code);
  }
  const plaintext = child(message, 'plaintext');
  if (!plaintext) return '400';
  const content = bytes(plaintext) ?? Buffer.alloc(0);
  const draft = { id, type, mediaType: plaintext.attrs.mediatype, content, edit };
  return post(world, channel, sender.account, draft, sender);
}

/** Receipts to a channel: `view` names posts by server id (whatsmeow NewsletterMarkViewed), others by message id. */
export function handleChannelReceipt(world: World, sender: Device, receipt: BinaryNode): void {
  const id = attr(receipt, 'id');
  const { to, type } = receipt.attrs;
  sender.connection?.send(node('ack', { class: 'receipt', id, from: to, type }));
  if (sender.mailbox.confirm('message', id)) world.changed();
  if (type !== 'view') world.ledger.receipt(id, deviceJid(sender), type ?? 'delivered');
  const channel = world.channels.byJid(to);
  if (!channel || (type !== 'view' && type !== 'read')) return;
  const items = children(child(receipt, 'list'), 'item');
  if (type === 'read') view(world, channel, sender.account, postById(channel, id));
  for (const { attrs } of items) {
    const seen =
      attrs.server_id === undefined
        ? postById(channel, attrs.id)
        : channel.posts.get(Number(attrs.server_id));
    view(world, channel, sender.account, seen);
  }
}

const DEFAULT_COUNT = 50;
const MAX_COUNT = 300;
/** How long live updates last, in seconds; clients ask again (whatsapp-rust assumes 300). */
const LIVE_SECONDS = 300;

/** Posts of a channel, oldest first: the newest `count`, or those before or after one. */
const messages: Answer = request => {
  const { world, device, content } = request;
  const channel = channelOf(request);
  const posts = page(channel, content?.attrs ?? {}).map(one =>
    postNode(one, { plaintext: true, isSender: one.by === device.account }),
  );
  return [node('messages', { jid: channel.jid, t: world.clock.seconds() }, posts)];
};

/** Reactions and views of posts, and edits since a time; without the posts themselves. */
const updates: Answer = request => {
  const { world, content } = request;
  const channel = channelOf(request);
  const posts = page(channel, content?.attrs ?? {}).map(one => postNode(one, { plaintext: false }));
  const list = node('messages', { jid: channel.jid, t: world.clock.seconds() }, posts);
  return [node('message_updates', {}, [list])];
};

const live: Answer = request => {
  const channel = channelOf(request);
  if (!channel.followers.has(request.device.account)) throw new IqError(403);
  channel.live.set(request.device, request.world.clock.now() + LIVE_SECONDS * 1000);
  return [node('live_updates', { duration: String(LIVE_SECONDS) })];
};

function channelOf({ world, iq, content }: Request): Channel {
  const { type, key, jid } = content?.attrs ?? {};
  const channel =
    type === 'invite' ? world.channels.byInvite(key ?? '') : world.channels.byJid(jid ?? iq.attrs.to);
  if (!channel) throw new IqError(404);
  return channel;
}

function page(channel: Channel, attrs: Readonly<Record<string, string>>): Post[] {
  const number = (name: string): number | undefined => {
    const given = attrs[name];
    if (given === undefined) return undefined;
    if (!/^\d{1,15}$/.test(given)) throw new IqError(400);
    return Number(given);
  };
  const count = Math.min(number('count') ?? DEFAULT_COUNT, MAX_COUNT);
  const [before, after, since] = [number('before'), number('after'), number('since')];
  const fitting = [...channel.posts.values()].filter(
    one =>
      (before === undefined || one.serverId < before) &&
      (after === undefined || one.serverId > after) &&
      (since === undefined || (one.editedAt ?? one.t) >= since),
  );
  return after === undefined ? fitting.slice(-count || fitting.length) : fitting.slice(0, count);
}

export const channelIqs: Readonly<Record<string, Answer>> = {
  'newsletter/get/messages': messages,
  'newsletter/get/message_updates': updates,
  'newsletter/set/live_updates': live,
};
