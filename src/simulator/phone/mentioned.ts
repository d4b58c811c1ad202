// What a message says of people and of other messages, in the form of its chat.
import { proto } from '@whiskeysockets/baileys';
import { accountJid, deviceJid } from '../accounts/accounts.ts';
import { personNamed } from '../accounts/naming.ts';
import { chatOf } from '../delivery/chat.ts';
import { Refused } from '../refused.ts';
import { type Domain, parseJid } from '../wire/jid.ts';
import type { World } from '../world.ts';
import type { PhoneMessage } from './messages.ts';
import type { Phone } from './phone.ts';

/** Where somebody writes, and in which form people are named there. */
export interface Place {
  readonly world: World;
  readonly phone: Phone;
  /** As it is addressed. */
  readonly to: string;
  /** As the phone's messages name it: people in number form. */
  readonly chat: string;
  readonly group: boolean;
  readonly form: Domain;
}

export function placeOf(world: World, phone: Phone, to: string): Place {
  const chat = chatOf(world, to);
  if (!chat) throw new Refused(404, `there is no chat ${to}`);
  if (chat.kind === 'group') return { world, phone, to, chat: to, group: true, form: chat.group.addressing };
  if (chat.kind === 'status') return { world, phone, to, chat: to, group: true, form: 's.whatsapp.net' };
  const account = world.accounts.byUser(chat.jid.user, chat.jid.domain);
  return { world, phone, to, chat: account ? accountJid(account) : to, group: false, form: chat.jid.domain };
}

/** JID, without a device, of somebody named by a number or by a JID of either form. */
export function personIn({ world, form }: Place, who: string): string {
  return accountJid(personNamed(world, who), form);
}

/** How others find the message: seen from the one who names it (whatsmeow BuildMessageKey). */
export function keyOf(place: Place, id: string): proto.IMessageKey {
  const { fromMe, from } = place.phone.chats.named(id);
  const participant = place.group && !fromMe ? { participant: personIn(place, from) } : {};
  return { remoteJid: place.to, fromMe, id, ...participant };
}

/** The author's JID in the form of the chat, without the device. */
export function authorIn(place: Place, message: PhoneMessage): string {
  const author = parseJid(message.from);
  const account = author && place.world.accounts.byUser(author.user, author.domain);
  return account ? accountJid(account, place.form) : deviceJid(place.phone.device, place.form);
}

/** A message given as JSON, of which something is left. Throws {@link Refused}. */
export function decoded(json: Readonly<Record<string, unknown>>): proto.IMessage {
  let message: proto.Message;
  try {
    message = proto.Message.fromObject(json);
    // What the encoder would choke on is not a message either.
    message = proto.Message.decode(proto.Message.encode(message).finish());
  } catch (error) {
    throw new Refused(400, `message: ${error instanceof Error ? error.message : 'not a proto.Message'}`, {
      cause: error,
    });
  }
  const unknown = Object.keys(json).filter(name => !Object.hasOwn(message, name));
  if (unknown.length > 0) throw new Refused(400, `message: proto.Message has no field ${unknown.join(', ')}`);
  if (Object.keys(json).length === 0) throw new Refused(400, 'message: it is empty');
  return message;
}
