// Messages as a person makes them: a text with its mentions, an answer, a reaction, an edit, a poll; each in the shape that
// real clients send (Baileys Utils/messages.ts, whatsmeow send.go BuildEdit, BuildRevoke, BuildReaction, BuildPollCreation).
import { proto } from '@whiskeysockets/baileys';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { inContext } from './context.ts';
import { decoded, keyOf, type Place, personIn, placeOf } from './mentioned.ts';
import type { Phone } from './phone.ts';
import { pollMessage, voteMessage } from './polls.ts';

/** What is sent: one of the contents, and what is said about it. Messages are named by id, people by number or JID. */
export interface Composition {
  readonly text?: string | undefined;
  /** A whole `proto.Message` as JSON; bytes are base64. */
  readonly message?: Readonly<Record<string, unknown>> | undefined;
  /** An empty emoji takes the reaction back. */
  readonly react?: { readonly message: string; readonly emoji: string } | undefined;
  readonly edit?: { readonly message: string; readonly text: string } | undefined;
  readonly revoke?: { readonly message: string } | undefined;
  readonly pin?: { readonly message: string; readonly pinned: boolean } | undefined;
  readonly poll?:
    | { readonly name: string; readonly options: readonly string[]; readonly selectable: number }
    | undefined;
  readonly vote?: { readonly poll: string; readonly options: readonly string[] } | undefined;
  readonly location?: Location | undefined;
  readonly contacts?: readonly { readonly name: string; readonly phone: string }[] | undefined;
  /** The content of a message that the phone has. */
  readonly forward?: string | undefined;

  readonly quote?: string | undefined;
  readonly mentions?: readonly string[] | undefined;
  readonly viewOnce?: boolean | undefined;
  /** Seconds after which it disappears. */
  readonly expiresIn?: number | undefined;
}

interface Location {
  readonly latitude: number;
  readonly longitude: number;
  readonly name?: string | undefined;
  readonly address?: string | undefined;
}

const CONTENTS = [
  'text',
  'message',
  'react',
  'edit',
  'revoke',
  'pin',
  'poll',
  'vote',
  'location',
  'contacts',
  'forward',
] as const;

const { ProtocolMessage, PinInChatMessage } = proto.Message;

/** The message for the chat `to` (a JID). Throws {@link Refused} when it is none, or names what the phone has not. */
export function compose(world: World, phone: Phone, to: string, given: Composition): proto.IMessage {
  const kinds = CONTENTS.filter(kind => given[kind] !== undefined);
  if (kinds.length !== 1)
    throw new Refused(
      400,
      `give one of ${CONTENTS.join(', ')}${kinds.length > 1 ? `, not ${kinds.join(' and ')}` : ''}`,
    );
  const place = placeOf(world, phone, to);
  const content = contentOf(place, given);
  const context: proto.IContextInfo = {
    ...(given.quote !== undefined && quoteOf(place, given.quote)),
    ...(given.mentions && { mentionedJid: given.mentions.map(who => personIn(place, who)) }),
    ...(given.expiresIn !== undefined && { expiration: given.expiresIn }),
  };
  const whole = Object.keys(context).length > 0 ? inContext(content, context) : content;
  return given.viewOnce ? viewOnce(whole) : whole;
}

function contentOf(place: Place, given: Composition): proto.IMessage {
  const { text, message, react, edit, revoke, pin, poll, vote, location, contacts, forward } = given;
  const now = place.world.clock.now();
  if (message) return decoded(message);
  if (react)
    return {
      reactionMessage: { key: keyOf(place, react.message), text: react.emoji, senderTimestampMs: now },
    };
  if (edit) return editOf(place, edit.message, edit.text, now);
  if (revoke)
    return { protocolMessage: { key: keyOf(place, revoke.message), type: ProtocolMessage.Type.REVOKE } };
  if (pin) {
    const type = pin.pinned ? PinInChatMessage.Type.PIN_FOR_ALL : PinInChatMessage.Type.UNPIN_FOR_ALL;
    return { pinInChatMessage: { key: keyOf(place, pin.message), type, senderTimestampMs: now } };
  }
  if (poll) return pollMessage(poll);
  if (vote) return voteMessage(place, vote.poll, vote.options);
  if (location) {
    const { latitude, longitude, name, address } = location;
    const named = { ...(name !== undefined && { name }), ...(address !== undefined && { address }) };
    return { locationMessage: { degreesLatitude: latitude, degreesLongitude: longitude, ...named } };
  }
  if (contacts) return contactsOf(contacts);
  if (forward !== undefined) return forwardOf(place, forward);
  return { conversation: text ?? '' };
}

// Wrapped, as phones send it; clients that know no edits show nothing.
function editOf(place: Place, id: string, text: string, now: number): proto.IMessage {
  if (!place.phone.chats.named(id).fromMe)
    throw new Refused(409, `${id} is somebody else's: nobody edits that`);
  const protocolMessage = {
    key: keyOf(place, id),
    type: ProtocolMessage.Type.MESSAGE_EDIT,
    editedMessage: { conversation: text },
    timestampMs: now,
  };
  return { editedMessage: { message: { protocolMessage } } };
}

function contactsOf(people: NonNullable<Composition['contacts']>): proto.IMessage {
  const cards = people.map(({ name, phone }) => ({ displayName: name, vcard: vcardOf(name, phone) }));
  const [only] = cards;
  if (only && cards.length === 1) return { contactMessage: only };
  return { contactsArrayMessage: { displayName: `${cards.length} contacts`, contacts: cards } };
}

function vcardOf(name: string, phone: string): string {
  const digits = phone.replace(/\D/g, '');
  const escaped = name.replace(/[\\,;]/g, '\\$&').replace(/\r?\n/g, '\\n');
  const lines = ['BEGIN:VCARD', 'VERSION:3.0', `N:;${escaped};;;`, `FN:${escaped}`];
  return [...lines, `TEL;type=CELL;type=VOICE;waid=${digits}:+${digits}`, 'END:VCARD'].join('\n');
}

function quoteOf(place: Place, id: string): proto.IContextInfo {
  const quoted = place.phone.chats.named(id);
  return {
    stanzaId: id,
    participant: personIn(place, quoted.from),
    quotedMessage: place.phone.chats.protoOf(quoted) ?? { conversation: quoted.text },
    // An answer in another chat, privately, says where the question was.
    ...(quoted.chat !== place.chat && { remoteJid: quoted.chat }),
  };
}

function forwardOf(place: Place, id: string): proto.IMessage {
  const original = place.phone.chats.protoOf(place.phone.chats.named(id));
  if (!original) throw new Refused(404, `of ${id} nothing is left to forward`);
  return inContext(original, before => ({
    isForwarded: true,
    forwardingScore: (before?.forwardingScore ?? 0) + 1,
  }));
}

function viewOnce(message: proto.IMessage): proto.IMessage {
  for (const media of [message.imageMessage, message.videoMessage, message.audioMessage])
    if (media) return { viewOnceMessageV2: { message: { ...message, ...flagged(message) } } };
  throw new Refused(400, 'only pictures, videos and voice notes can be viewed once');
}

function flagged({ imageMessage, videoMessage, audioMessage }: proto.IMessage): proto.IMessage {
  return {
    ...(imageMessage && { imageMessage: { ...imageMessage, viewOnce: true } }),
    ...(videoMessage && { videoMessage: { ...videoMessage, viewOnce: true } }),
    ...(audioMessage && { audioMessage: { ...audioMessage, viewOnce: true } }),
  };
}
