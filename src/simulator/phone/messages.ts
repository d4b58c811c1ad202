// What a person at the phone sees: the messages of all chats, in the order in which they came.
import { proto } from '@whiskeysockets/baileys';
import { accountJid, type Device, deviceJid } from '../accounts/accounts.ts';
import { type Chat, chatJid } from '../delivery/chat.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { summaryOf } from './text.ts';

/** One message as the person at the phone sees it. */
export interface PhoneMessage {
  readonly id: string;
  /** JID of the other person in number form, of the group or channel, or `status@broadcast`. */
  readonly chat: string;
  /** JID of the device that sent it, number form. */
  readonly from: string;
  readonly fromMe: boolean;
  readonly text: string;
  readonly type: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** Enough for a look at the chats; the oldest go first. */
const KEPT = 10_000;

export class PhoneMessages {
  readonly list: PhoneMessage[] = [];
  readonly #byId = new Map<string, PhoneMessage>();
  readonly #contents = new WeakMap<PhoneMessage, Uint8Array>();
  readonly #world: World;
  readonly #own: Device;

  constructor(world: World, own: Device) {
    this.#world = world;
    this.#own = own;
  }

  /** `timestamp` in unix seconds; now when it is absent. */
  note(id: string, chat: Chat, from: Device, message: proto.IMessage, timestamp?: string): PhoneMessage {
    const other = chat.kind === 'person' && this.#world.accounts.byUser(chat.jid.user, chat.jid.domain);
    const noted: PhoneMessage = {
      id,
      chat: other ? accountJid(other) : chatJid(chat),
      from: deviceJid(from),
      fromMe: from.account === this.#own.account,
      ...summaryOf(message),
      timestamp: Number(timestamp ?? this.#world.clock.seconds()),
    };
    this.keep(noted, proto.Message.encode(message).finish());
    this.#world.events.tell({ kind: 'message', phone: this.#own.account.phone, ...noted });
    this.#world.changed();
    return noted;
  }

  /** A post of a channel, which is not encrypted and names no author. */
  notePost(channel: string, id: string, content: Uint8Array, own: boolean): void {
    const noted: PhoneMessage = {
      id,
      chat: channel,
      from: channel,
      fromMe: own,
      ...summaryOf(proto.Message.decode(content)),
      timestamp: Number(this.#world.clock.seconds()),
    };
    this.keep(noted, content);
    this.#world.events.tell({ kind: 'message', phone: this.#own.account.phone, ...noted });
  }

  /** Takes one as it was kept, with its encoded content. */
  keep(message: PhoneMessage, content: Uint8Array | undefined): void {
    this.list.push(message);
    this.#byId.set(message.id, message);
    if (content) this.#contents.set(message, content);
    if (this.list.length <= KEPT) return;
    const oldest = this.list.shift();
    if (oldest && this.#byId.get(oldest.id) === oldest) this.#byId.delete(oldest.id);
  }

  /** JIDs of the people there is a chat with. */
  people(): Set<string> {
    return new Set(this.list.map(one => one.chat).filter(chat => chat.endsWith('@s.whatsapp.net')));
  }

  byId(id: string): PhoneMessage | undefined {
    return this.#byId.get(id);
  }

  /** A message that the phone has. Throws {@link Refused} 404. */
  named(id: string): PhoneMessage {
    const message = this.#byId.get(id);
    if (!message) throw new Refused(404, `phone ${this.#own.account.phone} has no message ${id}`);
    return message;
  }

  has(id: string, from: Device): boolean {
    return this.#byId.get(id)?.from === deviceJid(from);
  }

  /** The encoded message as it was decrypted or sent. */
  contentOf(message: PhoneMessage): Uint8Array | undefined {
    return this.#contents.get(message);
  }

  /** The decrypted message itself. */
  protoOf(message: PhoneMessage): proto.Message | undefined {
    const content = this.#contents.get(message);
    return content && proto.Message.decode(content);
  }
}
