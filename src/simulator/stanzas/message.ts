// Messages from clients: acknowledged at once, then split into one stanza per device (protocol.md 8.1-8.4).
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { deliverMessage, type Parcel } from '../delivery/routing.ts';
import { attr, type BinaryNode, child, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Posting, posting } from './posting.ts';

/** Attributes that recipients get as the sender wrote them. */
const PASSED_ON = ['id', 'type', 'edit', 'expiration', 'phash', 'push_priority'] as const;
/** Children that are the sender's talk with the server. */
const KEPT_BACK = new Set(['participants', 'enc', 'device-identity', 'tctoken', 'cstoken', 'reporting']);

/**
 * Acknowledges the message, and delivers it unless it was refused. Throws ProtocolError without an id or an address.
 */
export function handleMessage(world: World, sender: Device, message: BinaryNode): void {
  const id = attr(message, 'id');
  const to = attr(message, 'to');
  world.ledger.sent(id, deviceJid(sender), to);
  const post = posting(world, sender, message);
  acknowledge(world, sender, message, post);
  if (post.refusal === undefined) deliver(world, sender, message, post);
}

// whatsmeow waits for it and reads error, t and phash; Baileys only error (protocol.md 8.1).
function acknowledge(world: World, sender: Device, message: BinaryNode, { refusal, phash }: Posting): void {
  const { id, to, participant, recipient } = message.attrs;
  world.ledger.acked(id ?? '', refusal);
  sender.connection?.send(
    node('ack', {
      class: 'message',
      id,
      from: to,
      t: world.clock.seconds(),
      participant,
      recipient,
      phash,
      error: refusal,
    }),
  );
}

function deliver(world: World, sender: Device, message: BinaryNode, post: Posting): void {
  const attrs: Record<string, string | undefined> = {};
  for (const name of PASSED_ON) attrs[name] = message.attrs[name];
  // A resend keeps the time of the message (whatsmeow retry.go sends it).
  if (/^\d{1,12}$/.test(message.attrs.t ?? '')) attrs.t = message.attrs.t;
  const shared = {
    sender,
    attrs,
    identity: child(message, 'device-identity'),
    extras: children(message).filter(one => !KEPT_BACK.has(one.tag)),
    peer: message.attrs.category === 'peer',
  };
  for (const one of post.addressees) {
    // A device never gets its own message back: Baileys lists itself at times.
    if (one.target !== sender) deliverMessage(world, { ...shared, ...one } satisfies Parcel);
  }
}
