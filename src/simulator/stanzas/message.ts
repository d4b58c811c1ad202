// Messages from clients: acknowledged at once, then split into one stanza per device (protocol.md 8.1-8.3).
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { deliverMessage } from '../delivery/routing.ts';
import { type Jid, parseJid } from '../wire/jid.ts';
import { attr, type BinaryNode, child, children, node, unixNow } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** Attributes that recipients get as the sender wrote them. */
const PASSED_ON = ['id', 'type', 'edit', 'expiration', 'phash', 'push_priority'] as const;
/** Children that are the sender's talk with the server. */
const KEPT_BACK = new Set(['participants', 'enc', 'device-identity', 'tctoken', 'reporting']);

export function handleMessage(world: World, sender: Device, message: BinaryNode): void {
  const id = attr(message, 'id');
  const to = attr(message, 'to');
  world.ledger.sent(id, deviceJid(sender), to);
  acknowledge(world, sender, message);
  const chat = parseJid(message.attrs.recipient ?? to);
  if (!chat) return; // a group or broadcast: not carried yet
  for (const { target, enc } of addressees(world, message)) {
    // A device never gets its own message back: Baileys lists itself at times.
    if (target !== sender) send(world, sender, message, chat, target, enc);
  }
}

function acknowledge(world: World, sender: Device, message: BinaryNode): void {
  const { id, to, participant, recipient } = message.attrs;
  world.ledger.acked(id ?? '');
  sender.connection?.send(
    node('ack', { class: 'message', id, from: to, t: unixNow(), participant, recipient }),
  );
}

/** Who gets which enc: listed participants, or, for a retry or a peer message, the one device in `to`. */
function* addressees(world: World, message: BinaryNode): Generator<{ target: Device; enc: BinaryNode }> {
  for (const to of children(child(message, 'participants'), 'to')) {
    const target = world.accounts.device(to.attrs.jid);
    const enc = child(to, 'enc');
    if (target && enc) yield { target, enc };
  }
  const direct = child(message, 'enc');
  const target = world.accounts.device(message.attrs.to);
  if (direct && target) yield { target, enc: direct };
}

function send(
  world: World,
  sender: Device,
  message: BinaryNode,
  chat: Jid,
  target: Device,
  enc: BinaryNode,
): void {
  const attrs: Record<string, string | undefined> = {};
  for (const name of PASSED_ON) attrs[name] = message.attrs[name];
  deliverMessage(world, {
    sender,
    target,
    chat,
    attrs,
    enc,
    identity: child(message, 'device-identity'),
    extras: children(message).filter(one => !KEPT_BACK.has(one.tag)),
    peer: message.attrs.category === 'peer',
  });
}
