// Posting to a channel, changing and deleting posts, reacting: by clients and, through the control plane, by phones.
import { proto } from '@whiskeysockets/baileys';
import { type Account, companionsOf, type Device, deviceJid, ownPhone } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import { addPost, type Channel, isChannelAdmin, type Post, type ReactionMode } from './channels.ts';
import { tellLive } from './notices.ts';
import { deliveredPost } from './post-node.ts';

/** Bytes of an encoded message; media are not in it. */
const MAX_CONTENT = 128 * 1024;
/** Those of the `BASIC` mode (WhatsApp's six). */
const BASIC_REACTIONS = new Set(['👍', '❤️', '😂', '😮', '😢', '🙏']);

/** Why something was refused, as the ack of a message says it: 403 not allowed, 404 no such post, 400 nonsense. */
export type PostError = '400' | '403' | '404';

export interface Draft {
  readonly id: string;
  readonly type: string;
  readonly mediaType?: string | undefined;
  readonly content: Buffer;
  /** 3 changes, 7 and 8 delete the post of the same id (whatsmeow sendNewsletter). */
  readonly edit?: string | undefined;
}

/** A new post, or a change of one. `by` is left out when it is delivered. */
export function post(
  world: World,
  channel: Channel,
  by: Account,
  draft: Draft,
  device?: Device,
): Post | PostError {
  if (!isChannelAdmin(channel, by)) return '403';
  if (draft.content.length > MAX_CONTENT) return '400';
  let message: proto.Message;
  try {
    message = proto.Message.decode(draft.content);
  } catch {
    return '400';
  }
  const change = changeIn(draft, message);
  if (change) return changePost(world, channel, change, device);
  const made = addPost(channel, {
    id: draft.id,
    t: Number(world.clock.seconds()),
    type: draft.type,
    by,
    mediaType: draft.mediaType,
    content: draft.content,
    editedAt: undefined,
    deleted: false,
    reactions: new Map(),
    views: new Set(),
  });
  deliver(world, channel, made, device);
  for (const account of channel.followers.keys())
    ownPhone(account)?.chats.notePost(channel.jid, made.id, draft.content, account === by);
  return made;
}

interface Change {
  /** Of the post. */
  readonly id: string;
  /** Undefined deletes. */
  readonly content: Buffer | undefined;
}

/** whatsmeow names the post by the stanza's id, Baileys by the key in a protocol message. */
function changeIn(draft: Draft, message: proto.Message): Change | undefined {
  const { type, key, editedMessage } = message.protocolMessage ?? {};
  const { Type } = proto.Message.ProtocolMessage;
  if (type === Type.REVOKE && message.protocolMessage) return { id: key?.id ?? draft.id, content: undefined };
  if (type === Type.MESSAGE_EDIT && editedMessage)
    return { id: key?.id ?? draft.id, content: Buffer.from(proto.Message.encode(editedMessage).finish()) };
  if (draft.edit === '7' || draft.edit === '8') return { id: draft.id, content: undefined };
  if (draft.edit === '3' || draft.edit === '1') return { id: draft.id, content: draft.content };
  return undefined;
}

function changePost(world: World, channel: Channel, change: Change, device?: Device): Post | PostError {
  const found = postById(channel, change.id);
  if (!found || found.deleted) return '404';
  found.content = change.content ?? Buffer.alloc(0);
  found.deleted = change.content === undefined;
  found.editedAt = Number(world.clock.seconds());
  deliver(world, channel, found, device);
  tellLive(world, channel, found, { kind: 'change' });
  return found;
}

/** To every companion of every follower but the one that sent it; without one, the author's phone did. */
function deliver(world: World, channel: Channel, made: Post, not?: Device): void {
  world.changed();
  const phone = made.by.devices.get(0);
  if (!not && phone) {
    world.ledger.sent(made.id, deviceJid(phone), channel.jid);
    world.ledger.acked(made.id);
  }
  for (const account of channel.followers.keys()) {
    const stanza = deliveredPost(channel.jid, made, account === made.by);
    for (const target of companionsOf(account)) {
      if (target === not) continue;
      const jid = deviceJid(target);
      world.ledger.addressed(stanza, jid);
      world.ledger.delivered(made.id, jid);
      target.mailbox.push(stanza);
    }
  }
}

/** Gives, changes or (without a code) takes back the reaction of a follower. */
export function react(
  world: World,
  channel: Channel,
  by: Account,
  serverId: number,
  code: string | undefined,
): PostError | undefined {
  if (!channel.followers.has(by)) return '403';
  const found = channel.posts.get(serverId);
  if (!found || found.deleted) return '404';
  if (code !== undefined && !mayReact(channel.reactionMode, code)) return code.length > 32 ? '400' : '403';
  if (code === undefined) found.reactions.delete(by);
  else found.reactions.set(by, code);
  world.changed();
  tellLive(world, channel, found, { kind: 'reaction', code: code ?? '' });
  return undefined;
}

function mayReact(mode: ReactionMode, code: string): boolean {
  if (code.length > 32 || mode === 'NONE') return false;
  return mode === 'ALL' || BASIC_REACTIONS.has(code);
}

/** An account has seen a post; counted once. */
export function view(world: World, channel: Channel, by: Account, found: Post | undefined): void {
  if (!found || found.views.has(by)) return;
  found.views.add(by);
  world.changed();
  tellLive(world, channel, found, { kind: 'view' });
}

/** By the id of its message; the newest first, where it nearly always is. */
export function postById(channel: Channel, id: string | undefined): Post | undefined {
  if (id === undefined) return undefined;
  for (const found of [...channel.posts.values()].reverse()) if (found.id === id) return found;
  return undefined;
}
