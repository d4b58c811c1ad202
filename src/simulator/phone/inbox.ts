// What a phone does with a message that reached it: decrypt, note, confirm; ask again for what it cannot read.
import type { proto } from '@whiskeysockets/baileys';
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { bareChat, type Chat, chatJid, chatOf } from '../delivery/chat.ts';
import { deliverReceipt, receiptToPeople } from '../delivery/routing.ts';
import { type Domain, parseJid } from '../wire/jid.ts';
import { type BinaryNode, bytes, children } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { PhoneMessages } from './messages.ts';
import { decodePadded } from './padding.ts';
import { answerPeer } from './peers.ts';
import type { Phone } from './phone.ts';
import type { Retries } from './retries.ts';

/** A message that the phone has read, from somebody else. */
export interface Incoming {
  readonly id: string;
  readonly chat: Chat;
  readonly from: Device;
  readonly message: proto.IMessage;
}

export class Inbox {
  readonly #world: World;
  readonly #phone: Phone;
  readonly #messages: PhoneMessages;
  readonly #retries: Retries;
  /** How many of the next messages the phone fails to read, for tests. */
  unreadable = 0;

  constructor(world: World, phone: Phone, messages: PhoneMessages, retries: Retries) {
    this.#world = world;
    this.#phone = phone;
    this.#messages = messages;
    this.#retries = retries;
  }

  /** Resolves with the message when it is somebody else's, which a script may answer. */
  async take(stanza: BinaryNode): Promise<Incoming | undefined> {
    const { id = '', from, participant, recipient } = stanza.attrs;
    const author = participant ?? from;
    const sender = this.#world.accounts.device(author);
    const chat = chatOf(this.#world, recipient ?? from);
    if (!sender || !chat) return undefined;
    const message = await this.#read(stanza, sender, chat);
    if (!message) return undefined;
    this.#retries.solved(sender, id);
    if (stanza.attrs.category === 'peer') this.#takePeer(sender, id, message);
    else {
      const own = sender.account === this.#phone.account;
      const content = own ? (message.deviceSentMessage?.message ?? message) : message;
      const form = parseJid(author)?.domain ?? 's.whatsapp.net';
      if (!hasContent(content)) return undefined;
      this.#confirm(sender, chat, id, form);
      // A resend for everybody, because one device asked, is nothing new.
      if (this.#messages.has(id, sender)) return undefined;
      this.#messages.note(id, chat, sender, content, stanza.attrs.t);
      if (!own) return { id, chat: bareChat(chat), from: sender, message: content };
    }
    return undefined;
  }

  /** All parts in order, merged; undefined when the message could not be read, which was then asked for again. */
  async #read(stanza: BinaryNode, sender: Device, chat: Chat): Promise<proto.IMessage | undefined> {
    const whole: proto.IMessage = {};
    let failed = this.unreadable > 0;
    if (failed) this.unreadable--;
    else {
      for (const enc of children(stanza, 'enc')) {
        const part = await this.#decrypt(enc, sender, chat);
        if (part) Object.assign(whole, part);
        // Of a group's message the last part is the message; without its first one, the key, it may be readable.
        failed = !part;
      }
    }
    this.#world.changed();
    if (!failed) return whole;
    // What came twice (a resend for everybody) has been read already.
    if (!this.#messages.has(stanza.attrs.id ?? '', sender)) this.#retries.ask(sender, stanza);
    return undefined;
  }

  async #decrypt(enc: BinaryNode, sender: Device, chat: Chat): Promise<proto.IMessage | undefined> {
    const { signal } = this.#phone;
    const type = enc.attrs.type ?? '';
    const ciphertext = bytes(enc);
    if (!ciphertext) return undefined;
    try {
      const plain =
        type === 'skmsg'
          ? await signal.decryptGroup(chatJid(chat), sender, ciphertext)
          : await signal.decrypt(sender, type, ciphertext);
      const message: proto.IMessage = decodePadded(plain);
      const key = message.senderKeyDistributionMessage;
      if (key?.groupId && key.axolotlSenderKeyDistributionMessage)
        await signal.takeSenderKey(key.groupId, sender, key.axolotlSenderKeyDistributionMessage);
      return message;
    } catch {
      return undefined;
    }
  }

  /** To the author; for a message of one's own companion, that the phone has it too. */
  #confirm(sender: Device, chat: Chat, id: string, form: Domain): void {
    const phone = this.#phone.device;
    const own = sender.account === phone.account;
    const type = own ? 'sender' : undefined;
    this.#world.ledger.receipt(id, deviceJid(phone), type ?? 'delivered');
    const parcel = { sender: phone, ids: [id], type, chat: bareChat(chat), form };
    if (own) deliverReceipt(this.#world, { ...parcel, recipient: recipientOf(chat) }, sender);
    else receiptToPeople(this.#world, parcel, sender.account, bareChat(chat));
  }

  #takePeer(companion: Device, id: string, message: proto.IMessage): void {
    // Baileys wraps what it sends its own phone like a copy of a message, other clients do not.
    const { protocolMessage } = message.deviceSentMessage?.message ?? message;
    this.#world.ledger.receipt(id, deviceJid(this.#phone.device), 'peer_msg');
    const own = companion.account === this.#phone.account;
    if (own && protocolMessage)
      answerPeer({ world: this.#world, phone: this.#phone, companion, id, message: protocolMessage });
  }
}

const recipientOf = (chat: Chat): Chat | undefined => (chat.kind === 'person' ? bareChat(chat) : undefined);

/** Something that a person would see, not only keys. */
function hasContent(message: proto.IMessage): boolean {
  return Object.entries(message).some(
    ([field, value]) =>
      value != null && field !== 'senderKeyDistributionMessage' && field !== 'messageContextInfo',
  );
}
