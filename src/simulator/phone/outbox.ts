// What a phone sends: encrypted for each device that gets it, remembered for those who ask again (protocol.md 8).
import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { type Device, deviceJid } from '../accounts/accounts.ts';
import { takePreKey } from '../accounts/keys.ts';
import { type Chat, chatJid, chatOf, STATUS } from '../delivery/chat.ts';
import { deliverMessage } from '../delivery/routing.ts';
import { type Domain, parseJid } from '../wire/jid.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Kind, kindOf } from './kinds.ts';
import { pad } from './padding.ts';
import { SentMessages } from './sent.ts';
import type { PhoneSignal } from './signal.ts';

export interface SendOptions extends Partial<Kind> {
  /** Made up when absent. */
  readonly id?: string | undefined;
  /** JIDs of the people who get a status; everybody the phone has a chat with when it is absent. */
  readonly statusTo?: readonly string[] | undefined;
}

/** One piece of a message for one device. */
interface Letter {
  readonly id: string;
  readonly chat: Chat;
  readonly kind: Kind;
  readonly form?: Domain | undefined;
  /** Of a resend. */
  readonly count?: string | undefined;
  readonly t?: string | undefined;
  readonly peer?: boolean | undefined;
}

const PEER_BYTES = 4 * 1024 * 1024;

export class Outbox {
  readonly sent = new SentMessages();
  /** To one's own companions, outside of any chat: pieces of history are large, and must not push messages out. */
  readonly sentPeers = new SentMessages(PEER_BYTES);
  readonly #world: World;
  readonly #own: Device;
  readonly #signal: PhoneSignal;
  readonly #contacts: () => Iterable<string>;

  /** `contacts`: the JIDs of those who see the phone's statuses. */
  constructor(world: World, own: Device, signal: PhoneSignal, contacts: () => Iterable<string>) {
    this.#contacts = contacts;
    this.#world = world;
    this.#own = own;
    this.#signal = signal;
  }

  /** To every device of everybody in the chat, own companions included. Resolves once all of it is on its way. */
  async send(chat: Chat, message: proto.IMessage, options: SendOptions = {}): Promise<string> {
    const { id = newId(), statusTo, ...given } = options;
    const to = chatJid(chat);
    const letter = { id, chat, kind: { ...kindOf(message), ...given } };
    this.sent.add(id, to, message, this.#world.clock.now());
    this.#world.ledger.sent(id, deviceJid(this.#own), to);
    if (chat.kind !== 'person') {
      await this.#sendToMany(letter, message, this.#readers(chat, statusTo ?? this.#contacts()));
      return id;
    }
    const other = this.#world.accounts.byUser(chat.jid.user, chat.jid.domain);
    if (other && other !== this.#own.account) {
      for (const target of other.devices.values()) await this.#encryptTo(target, message, letter);
    }
    const copy = copyFor(chat, message);
    for (const target of this.#own.account.devices.values()) {
      if (target !== this.#own) await this.#encryptTo(target, copy, letter);
    }
    return id;
  }

  /** To a companion of one's own, as a peer message (protocol.md 8.6, 14). */
  async sendPeer(companion: Device, message: proto.IMessage): Promise<string> {
    const id = newId();
    const jid = { user: this.#own.account.phone, device: 0, domain: 's.whatsapp.net' } as const;
    const chat = { kind: 'person', jid } as const;
    const letter = { id, chat, kind: { type: 'text' }, peer: true };
    this.sentPeers.add(id, chatJid(chat), message, this.#world.clock.now(), true);
    await this.#encryptTo(companion, message, letter);
    return id;
  }

  /**
   * What `target` may ask for again under this id: the chat, if it is one of those whom the message was for.
   * Anybody may know an id.
   */
  chatFor(target: Device, id: string): Chat | undefined {
    const sent = this.sent.get(id) ?? this.sentPeers.get(id);
    const chat = chatOf(this.#world, sent?.to);
    const own = target.account === this.#own.account;
    if (!sent || !chat || own) return chat;
    if (chat.kind === 'group') return chat.group.members.has(target.account) ? chat : undefined;
    if (chat.kind === 'status') {
      const saw = [...target.account.devices.values()].some(one => this.#signal.hasSenderKey(STATUS, one));
      return saw ? chat : undefined;
    }
    const other = this.#world.accounts.byUser(chat.jid.user, chat.jid.domain);
    return other === target.account && !sent.peer ? chat : undefined;
  }

  /** Again, for one device that could not read it; its session has been renewed already, where that was needed. */
  async resend(target: Device, chat: Chat, id: string, count: string): Promise<void> {
    const sent = this.sent.get(id) ?? this.sentPeers.get(id);
    if (!sent) return;
    const message = proto.Message.decode(sent.content);
    const { peer } = sent;
    const t = String(Math.floor(sent.at / 1000));
    const letter = { id, chat, kind: peer ? { type: 'text' } : kindOf(message), count, t, peer };
    if (chat.kind === 'person') {
      const copy = target.account === this.#own.account && !peer;
      await this.#encryptTo(target, copy ? copyFor(chat, message) : message, letter);
      return;
    }
    // With the key, so that what comes after it can be read (Baileys sendMessagesAgain, whatsmeow handleRetryReceipt).
    const group = chatJid(chat);
    const distribution = await this.#signal.distribution(group, this.#own);
    await this.#encryptTo(target, { ...message, ...distributionOf(group, distribution) }, letter);
    this.#signal.gaveSenderKey(group, target);
  }

  /** The devices that read a group or a status, with the form in which a status names them. */
  #readers(chat: Chat, statusTo: Iterable<string>): Map<Device, Domain | undefined> {
    const readers = new Map<Device, Domain | undefined>();
    const add = (devices: Iterable<Device>, form?: Domain) => {
      for (const device of devices) if (device !== this.#own) readers.set(device, form);
    };
    if (chat.kind === 'group') {
      for (const account of chat.group.members.keys()) add(account.devices.values());
      return readers;
    }
    for (const jid of statusTo) {
      const account = this.#world.accounts.byJid(jid);
      if (account) add(account.devices.values(), parseJid(jid)?.domain);
    }
    add(this.#own.account.devices.values());
    return readers;
  }

  /** The sender key to those who lack it, and the message itself once for all. */
  async #sendToMany(
    letter: Letter,
    message: proto.IMessage,
    readers: Map<Device, Domain | undefined>,
  ): Promise<void> {
    const group = chatJid(letter.chat);
    const lacking = this.#signal.withoutSenderKey(group, [...readers.keys()], this.#own);
    const keys = new Map<Device, BinaryNode>();
    if (lacking.length > 0) {
      const distribution = await this.#signal.distribution(group, this.#own);
      for (const target of lacking) {
        keys.set(target, await this.#seal(target, distributionOf(group, distribution), {}, undefined));
        this.#signal.gaveSenderKey(group, target);
      }
    }
    const plain = pad(proto.Message.encode(message).finish());
    const shared = await this.#signal.encryptGroup(group, this.#own, plain);
    this.#world.changed();
    const enc = node('enc', { v: '2', type: 'skmsg', ...encAttrs(letter.kind) }, shared);
    for (const [target, form] of readers) {
      const key = keys.get(target);
      this.#hand(target, { ...letter, form }, key ? [key, enc] : [enc]);
    }
  }

  async #encryptTo(target: Device, message: proto.IMessage, letter: Letter): Promise<void> {
    this.#hand(target, letter, [await this.#seal(target, message, encAttrs(letter.kind), letter.count)]);
  }

  async #seal(
    target: Device,
    message: proto.IMessage,
    attrs: Record<string, string | undefined>,
    count: string | undefined,
  ): Promise<BinaryNode> {
    if (!this.#signal.hasSession(target)) {
      target.account.watchers.add(this.#own.account);
      await this.#signal.startSession(target, takePreKey(this.#world, target));
    }
    const sealed = await this.#signal.encrypt(target, pad(proto.Message.encode(message).finish()));
    this.#world.changed();
    return node('enc', { v: '2', type: sealed.type, count, ...attrs }, sealed.ciphertext);
  }

  #hand(target: Device, { id, chat, kind, form, t, peer }: Letter, encs: BinaryNode[]): void {
    const { type, edit, polltype } = kind;
    deliverMessage(this.#world, {
      sender: this.#own,
      target,
      chat,
      form,
      attrs: { id, type, edit, ...(t !== undefined && { t }) },
      encs,
      identity: undefined, // only companions have one: the phone's key is the account's
      extras: polltype === undefined ? [] : [node('meta', { polltype })],
      peer: peer === true,
    });
  }
}

const encAttrs = ({ mediatype, hideFailure }: Kind) => ({
  mediatype,
  'decrypt-fail': hideFailure ? 'hide' : undefined,
});

const copyFor = (chat: Chat, message: proto.IMessage): proto.IMessage => ({
  deviceSentMessage: { destinationJid: chatJid(chat), message },
});

const distributionOf = (groupId: string, key: Uint8Array): proto.IMessage => ({
  senderKeyDistributionMessage: { groupId, axolotlSenderKeyDistributionMessage: key },
});

/** The shape of ids that phones make: 3A and 18 hex digits on an iPhone, upper case (Baileys getDevice). */
export function newId(): string {
  return `3A${randomBytes(9).toString('hex').toUpperCase()}`;
}
