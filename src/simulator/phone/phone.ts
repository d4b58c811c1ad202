// A simulated phone: device 0 of its account, with real Signal sessions. A contact is a phone without companions.
// Its work is asynchronous (the wasm's sessions are), so everything passes one lane: strictly in order, never twice at
// once. The lane keeps the server's own handling of stanzas free of waiting.
import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import { type Account, accountJid, type Device, deviceJid } from '../accounts/accounts.ts';
import { takePreKey } from '../accounts/keys.ts';
import { PhoneAppState } from '../app-state/phone-state.ts';
import { messageRange } from '../app-state/range.ts';
import { deliverMessage, deliverReceipt, receiptToAll } from '../delivery/routing.ts';
import { answerPeer } from '../history/peer.ts';
import { PhoneHistory } from '../history/phone-history.ts';
import { type Jid, parseJid } from '../wire/jid.ts';
import { type BinaryNode, bigEndian, bytes, child, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { bootstrap } from './bootstrap.ts';
import { PhoneReceipts } from './receipts.ts';
import { PhoneSignal, type SignalState } from './signal.ts';
import { decodePadded, describe, pad } from './text.ts';

/** One message as the person at the phone sees it. */
export interface PhoneMessage {
  readonly id: string;
  /** JID of the other person, number form. */
  readonly chat: string;
  /** JID of the device that sent it, number form. */
  readonly from: string;
  readonly fromMe: boolean;
  readonly text: string;
  readonly type: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** How a phone behaves by itself. */
export interface Script {
  /** Sent back for every text; `{text}` is what came. */
  readonly reply?: string | undefined;
  /** Milliseconds before it reads and replies. */
  readonly afterMs?: number | undefined;
  /** Sends a read receipt. */
  readonly reads?: boolean | undefined;
}

/** Kept for those who ask again. */
export interface Sent {
  readonly chat: Jid;
  readonly message: proto.IMessage;
}

/** Enough for a retry, which comes within seconds, and for a look at the chat; the oldest go first. */
const KEPT_SENT = 1_000;
const KEPT_MESSAGES = 10_000;

export class Phone {
  readonly account: Account;
  readonly device: Device;
  readonly signal: PhoneSignal;
  readonly appState: PhoneAppState;
  readonly history = new PhoneHistory();
  readonly messages: PhoneMessage[] = [];
  readonly receipts = new PhoneReceipts();
  script: Script = {};
  readonly sent = new Map<string, Sent>();
  readonly #world: World;
  readonly #unreadableAt = new Map<string, number>();
  #lane: Promise<unknown> = Promise.resolve();

  constructor(world: World, account: Account, state: SignalState) {
    this.#world = world;
    this.account = account;
    this.signal = new PhoneSignal(account.identity, state);
    this.device = world.accounts.addPhone(account, this, this.signal.keys);
    this.appState = new PhoneAppState(world, account, chat => messageRange(world, this, chat));
  }

  /** Takes a stanza addressed to device 0. Never throws. */
  receive(stanza: BinaryNode): void {
    if (stanza.tag === 'message') this.#do(() => this.#receiveMessage(stanza));
    else if (stanza.tag === 'receipt' && stanza.attrs.type === 'retry') this.#do(() => this.#resend(stanza));
    else if (stanza.tag === 'receipt') this.receipts.hear(stanza, Number(this.#world.clock.seconds()));
  }

  /** Sends a text to a person; resolves with the message id once every device's copy is on its way. */
  send(to: Jid, text: string, id?: string): Promise<string> {
    return this.sendMessage(to, { conversation: text }, id);
  }

  sendMessage(chat: Jid, message: proto.IMessage, id: string = newId()): Promise<string> {
    return this.#do(async () => {
      const other = this.#world.accounts.byUser(chat.user, chat.domain);
      this.#remember(id, { chat, message });
      this.#world.ledger.sent(id, deviceJid(this.device), `${chat.user}@${chat.domain}`);
      const own = { deviceSentMessage: { destinationJid: `${chat.user}@${chat.domain}`, message } };
      if (other && other !== this.account) {
        for (const target of other.devices.values()) await this.#encryptTo(target, chat, message, { id });
      }
      for (const target of this.account.devices.values()) {
        if (target !== this.device) await this.#encryptTo(target, chat, own, { id });
      }
      this.#note(id, chat, this.device, message);
      return id;
    });
  }

  /** Read receipts for these messages of a chat: to their author, and to one's own companions. */
  read(chat: Jid, ids: readonly string[]): Promise<void> {
    return this.#do(async () => this.#read(chat, ids));
  }

  /** What a companion gets after its first login; see bootstrap.ts. Not a work of the lane, but many of them. */
  bootstrap(companion: Device): void {
    if (this.history.telling.has(companion)) return;
    this.history.telling.add(companion);
    bootstrap(this.#world, this, companion)
      .catch(error => this.#world.ledger.phoneError(error))
      .finally(() => this.history.telling.delete(companion));
  }

  /** A message to one of the account's own companions that no chat shows (protocol.md 8.6). */
  sendToCompanion(companion: Device, message: proto.IMessage): Promise<string> {
    return this.#do(async () => {
      const chat = { user: this.account.phone, device: 0, domain: 's.whatsapp.net' } as const;
      const id = newId();
      await this.#encryptTo(companion, chat, message, { id, peer: true });
      return id;
    });
  }

  /** A companion is gone: so is its session. */
  forget(companion: Device): void {
    this.signal.forget(companion);
  }

  /** The phone was reinstalled over an old backup: it asks again for what it cannot read now. */
  forgetSessions(): Promise<void> {
    return this.#do(async () => this.signal.state.sessions.clear());
  }

  /** Resolves when everything so far is done. */
  async idle(): Promise<void> {
    await this.#lane;
  }

  #do<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#lane.then(work);
    this.#lane = done.catch(error => this.#world.ledger.phoneError(error));
    return done;
  }

  async #encryptTo(
    target: Device,
    chat: Jid,
    message: proto.IMessage,
    how: { id: string; peer?: boolean; retry?: string },
  ): Promise<void> {
    if (!this.signal.hasSession(target) || how.retry !== undefined) {
      await this.signal.startSession(target, takePreKey(this.#world, target));
    }
    const sealed = await this.signal.encrypt(target, pad(proto.Message.encode(message).finish()));
    this.#world.changed();
    deliverMessage(this.#world, {
      sender: this.device,
      target,
      chat,
      attrs: { id: how.id, type: 'text' },
      enc: node('enc', { v: '2', type: sealed.type, count: how.retry }, sealed.ciphertext),
      identity: undefined, // only companions have one: the phone's key is the account's
      extras: [],
      peer: how.peer === true,
    });
  }

  async #receiveMessage(stanza: BinaryNode): Promise<void> {
    const { id = '', from } = stanza.attrs;
    const sender = this.#world.accounts.device(from);
    const enc = child(stanza, 'enc');
    const ciphertext = bytes(enc);
    if (!sender || !enc || !ciphertext) return;
    let message: proto.Message;
    try {
      message = decodePadded(await this.signal.decrypt(sender, enc.attrs.type ?? '', ciphertext));
    } catch {
      this.#askAgain(sender, stanza);
      return;
    } finally {
      this.#world.changed();
    }
    this.#unreadableAt.delete(id);
    if (sender.account === this.account && stanza.attrs.category === 'peer') {
      // Baileys wraps what it sends its own phone like a copy of a message, other clients do not.
      const { protocolMessage } = message.deviceSentMessage?.message ?? message;
      this.#world.ledger.receipt(id, deviceJid(this.device), 'peer_msg');
      if (protocolMessage)
        answerPeer({ world: this.#world, phone: this, companion: sender, id, message: protocolMessage });
      return;
    }
    if (sender.account === this.account) {
      const copy = message.deviceSentMessage;
      const chat = parseJid(stanza.attrs.recipient ?? copy?.destinationJid ?? from);
      if (copy?.message && chat) this.#note(id, chat, sender, copy.message);
      return;
    }
    const author = parseJid(from);
    if (!author) return;
    this.#note(id, author, sender, message);
    this.#receipt(author, sender.account, [id], undefined);
    this.#act(author, id, message);
  }

  /** The script: with a delay of its own, so that the lane is free meanwhile. */
  #act(chat: Jid, id: string, message: proto.IMessage): void {
    const { reply, afterMs = 0, reads } = this.script;
    const { type, text } = describe(message);
    const act = () => {
      if (this.#world.stopped.aborted) return;
      if (reads) this.#read(chat, [id]);
      if (reply !== undefined && type === 'text') {
        // A failure is in the ledger; nobody waits for a contact's answer here.
        this.send({ ...chat, device: 0 }, reply.replaceAll('{text}', text)).catch(() => {});
      }
    };
    if (afterMs > 0) setTimeout(act, afterMs).unref();
    else act();
  }

  #read(chat: Jid, ids: readonly string[]): void {
    const author = this.#world.accounts.byUser(chat.user, chat.domain);
    if (author) this.#receipt(chat, author, ids, 'read');
    const recipient = `${chat.user}@${chat.domain}`;
    const parcel = { sender: this.device, ids, type: 'read', domain: chat.domain, recipient };
    for (const own of this.account.devices.values()) {
      if (own !== this.device) deliverReceipt(this.#world, parcel, own);
    }
  }

  #receipt(chat: Jid, to: Account, ids: readonly string[], type: string | undefined): void {
    for (const id of ids) this.#world.ledger.receipt(id, deviceJid(this.device), type ?? 'delivered');
    receiptToAll(this.#world, { sender: this.device, ids, type, domain: chat.domain }, to);
  }

  /** A retry receipt for what could not be decrypted, with fresh keys, as a real phone sends it. */
  #askAgain(sender: Device, stanza: BinaryNode): void {
    const id = stanza.attrs.id ?? '';
    this.#world.ledger.totals.undecryptable++;
    const count = (this.#unreadableAt.get(id) ?? 0) + 1;
    // Clients give up after 5 as well (Baileys maxMsgRetryCount).
    if (count > 5) return;
    this.#unreadableAt.set(id, count);
    this.#world.ledger.receipt(id, deviceJid(this.device), 'retry');
    const { id: skeyId, pair, signature } = this.signal.state.signedPreKey;
    const oneTime = this.signal.newPreKey();
    const content = [
      node('retry', { count: String(count), id, t: stanza.attrs.t, v: '1', error: '0' }),
      node('registration', {}, bigEndian(this.signal.state.registrationId, 4)),
      node('keys', {}, [
        node('type', {}, Buffer.of(5)),
        node('identity', {}, this.account.identity.public),
        node('key', {}, [node('id', {}, bigEndian(oneTime.id, 3)), node('value', {}, oneTime.public)]),
        node('skey', {}, [
          node('id', {}, bigEndian(skeyId, 3)),
          node('value', {}, pair.public),
          node('signature', {}, signature),
        ]),
      ]),
    ];
    const domain = parseJid(stanza.attrs.from)?.domain ?? 's.whatsapp.net';
    const recipient = stanza.attrs.recipient;
    deliverReceipt(
      this.#world,
      { sender: this.device, ids: [id], type: 'retry', domain, recipient, content },
      sender,
    );
  }

  async #resend(receipt: BinaryNode): Promise<void> {
    const { id = '', from } = receipt.attrs;
    const target = this.#world.accounts.device(from);
    const sent = this.sent.get(id);
    if (!target || !sent) return;
    const retry = child(receipt, 'retry')?.attrs.count ?? '1';
    const own = target.account === this.account;
    const message = own
      ? {
          deviceSentMessage: {
            destinationJid: `${sent.chat.user}@${sent.chat.domain}`,
            message: sent.message,
          },
        }
      : sent.message;
    await this.#encryptTo(target, sent.chat, message, { id, retry });
  }

  #remember(id: string, sent: Sent): void {
    this.sent.set(id, sent);
    if (this.sent.size <= KEPT_SENT) return;
    for (const oldest of this.sent.keys()) {
      this.sent.delete(oldest);
      break;
    }
  }

  #note(id: string, chat: Jid, from: Device, message: proto.IMessage): void {
    const other = this.#world.accounts.byUser(chat.user, chat.domain);
    const noted = {
      id,
      chat: other ? accountJid(other) : `${chat.user}@${chat.domain}`,
      from: deviceJid(from),
      fromMe: from.account === this.account,
      ...describe(message),
      timestamp: Number(this.#world.clock.seconds()),
    };
    this.messages.push(noted);
    this.#world.events.tell({ kind: 'message', phone: this.account.phone, ...noted });
    if (this.messages.length > KEPT_MESSAGES) this.messages.shift();
    this.#world.changed();
  }
}

/** The shape of ids that phones make: 3A and 18 hex digits on an iPhone, upper case (Baileys getDevice). */
function newId(): string {
  return `3A${randomBytes(9).toString('hex').toUpperCase()}`;
}
