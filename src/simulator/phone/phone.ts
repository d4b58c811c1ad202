// A simulated phone: device 0 of its account, with real Signal sessions. A contact is a phone without companions.
// Its work is asynchronous (the wasm's sessions are), so everything passes one lane: strictly in order, never twice at
// once. The lane keeps the server's own handling of stanzas free of waiting.
import type { proto } from '@whiskeysockets/baileys';
import { type Account, companionsOf, type Device, deviceJid } from '../accounts/accounts.ts';
import { PhoneAppState } from '../app-state/phone-state.ts';
import { messageRange } from '../app-state/range.ts';
import { formOf } from '../delivery/addressing.ts';
import { Backlog } from '../delivery/backlog.ts';
import { type Chat, chatOf } from '../delivery/chat.ts';
import { receiptToPeople } from '../delivery/routing.ts';
import { mayWrite } from '../groups/rules.ts';
import { PhoneHistory } from '../history/phone-history.ts';
import { Refused } from '../refused.ts';
import type { BinaryNode } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { Acting } from './acting.ts';
import { bootstrap } from './bootstrap.ts';
import { Inbox } from './inbox.ts';
import { type PhoneMessage, PhoneMessages } from './messages.ts';
import { Outbox, type SendOptions } from './outbox.ts';
import { PhoneReceipts } from './receipts.ts';
import { Retries } from './retries.ts';
import type { Script } from './script.ts';
import { PhoneSignal, type SignalState } from './signal.ts';

/** `read-self` where the person's privacy keeps others from knowing; `played` for voice and view-once. */
export type SeenType = 'read' | 'read-self' | 'played' | 'played-self';

export class Phone {
  readonly account: Account;
  readonly device: Device;
  readonly signal: PhoneSignal;
  readonly chats: PhoneMessages;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly receipts = new PhoneReceipts();
  readonly appState: PhoneAppState;
  readonly history = new PhoneHistory();
  readonly acting: Acting;
  script: Script = {};
  readonly #world: World;
  readonly #retries: Retries;
  /** What came while the phone was off. */
  readonly #waiting = new Backlog();
  #on = true;
  #lane: Promise<unknown> = Promise.resolve();

  constructor(world: World, account: Account, state: SignalState) {
    this.#world = world;
    this.account = account;
    this.signal = new PhoneSignal(account.identity, state);
    this.device = world.accounts.addPhone(account, this, this.signal.keys);
    this.chats = new PhoneMessages(world, this.device);
    this.outbox = new Outbox(world, this.device, this.signal, () => this.chats.people());
    this.#retries = new Retries(world, this.device, this.signal, this.outbox);
    this.acting = new Acting(world, this);
    this.inbox = new Inbox(world, this, this.chats, this.#retries);
    this.appState = new PhoneAppState(world, account, chat => messageRange(world, this, chat));
  }

  /** Of all chats, in the order in which they came. */
  get messages(): PhoneMessage[] {
    return this.chats.list;
  }

  /** A phone that is off gets, confirms and sends nothing; what comes for it waits. */
  get on(): boolean {
    return this.#on;
  }

  switch(on: boolean): void {
    this.#on = on;
    if (!on) return;
    for (const { stanza } of this.#waiting.take(this.#waiting.size)) this.receive(stanza);
    // Companions that were linked meanwhile have nothing of it yet.
    for (const companion of companionsOf(this.account)) {
      if (companion.bootstrapped || !companion.mailbox.live) continue;
      companion.bootstrapped = true;
      this.bootstrap(companion);
    }
  }

  /** It has nothing more to do: where phones are not to stay on, it goes off. */
  rest(): void {
    if (this.#world.delivery.phones === 'off' && this.history.telling.size === 0) this.switch(false);
  }

  /** What waits until it is on. */
  get waiting(): BinaryNode[] {
    return this.#waiting.stanzas;
  }

  /** Takes a stanza addressed to device 0. Never throws. */
  receive(stanza: BinaryNode): void {
    if (!this.#on) this.#waiting.push(stanza);
    else if (stanza.tag === 'message') {
      this.#world.ledger.handed(stanza, deviceJid(this.device), true);
      this.#later(() => this.#take(stanza));
    } else if (stanza.tag === 'receipt' && stanza.attrs.type === 'retry')
      this.#later(() => this.#retries.answer(stanza));
    else if (stanza.tag === 'receipt') this.receipts.hear(stanza, Number(this.#world.clock.seconds()));
  }

  /** Sends a text; see {@link sendMessage}. */
  send(to: string, text: string, id?: string): Promise<string> {
    return this.sendMessage(to, { conversation: text }, { id });
  }

  /**
   * Sends to the JID of a person, of a group, or to `status@broadcast` (with `statusTo`). `type`, `edit` and so on are
   * what a real client would set, unless given. Resolves with the message id once every device's copy is on its way.
   * Rejects with {@link Refused} when there is nobody, or when this phone may not write there.
   */
  sendMessage(to: string, message: proto.IMessage, options?: SendOptions): Promise<string> {
    return this.#do(async () => {
      this.#mustBeOn();
      const chat = this.#chat(to);
      if (chat.kind === 'group' && !mayWrite(chat.group, this.account))
        throw new Refused(409, `${this.account.phone} may not write to the group ${to}`);
      const id = await this.outbox.send(chat, message, options);
      this.chats.note(id, chat, this.device, message);
      return id;
    });
  }

  /** Sends a companion of one's own what only devices read (protocol.md 8.6); resolves with the ids, in order. */
  sendPeer(companion: Device, messages: readonly proto.IMessage[]): Promise<string[]> {
    return this.#do(async () => {
      const ids: string[] = [];
      for (const message of messages) ids.push(await this.outbox.sendPeer(companion, message));
      return ids;
    });
  }

  /** Receipts that say that the person looked: to the authors of these messages, and to one's own companions. */
  read(chat: string, ids: readonly string[], type: SeenType = 'read'): Promise<void> {
    return this.#do(async () => {
      this.#mustBeOn();
      this.#read(this.#chat(chat), ids, type);
    });
  }

  /** What a companion gets after its first login; see bootstrap.ts. Not a work of the lane, but many of them. */
  bootstrap(companion: Device): void {
    if (!this.#on) {
      companion.bootstrapped = false;
      return;
    }
    if (this.history.telling.has(companion)) return;
    this.history.telling.add(companion);
    bootstrap(this.#world, this, companion)
      .catch(error => this.#world.ledger.phoneError(error))
      .finally(() => {
        this.history.telling.delete(companion);
        if (companion.bootstrapped) this.rest();
      });
  }

  /** A device is gone, or has another identity: the session with it is worthless. */
  forget(companion: Device): void {
    this.#later(async () => this.signal.forget(companion));
  }

  /** The phone lost its sessions, or those with one device: it asks again for what it cannot read now. */
  forgetSessions(with_?: Device): Promise<void> {
    return this.#do(async () => {
      if (with_) this.signal.forgetDevice(with_);
      else this.signal.forgetAll();
    });
  }

  /** Starts over with another identity, which is the account's already, and these keys. */
  reinstall(state: SignalState): Promise<void> {
    return this.#do(async () => {
      this.signal.replace(this.account.identity, state);
      this.device.keys = this.signal.keys;
    });
  }

  /** Resolves when everything so far is done. */
  async idle(): Promise<void> {
    await this.#lane;
  }

  #do<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#lane.then(work);
    this.#lane = done.catch(error => {
      if (!(error instanceof Refused)) this.#world.ledger.phoneError(error);
    });
    return done;
  }

  /** For what nobody waits for: a failure is in the ledger. */
  #later(work: () => Promise<unknown>): void {
    this.#do(work).catch(() => {});
  }

  async #take(stanza: BinaryNode): Promise<void> {
    const incoming = await this.inbox.take(stanza);
    if (incoming) this.acting.answer(incoming);
  }

  #read(chat: Chat, ids: readonly string[], type: SeenType): void {
    const form = formOf(chat) ?? 's.whatsapp.net';
    for (const [author, some] of this.#byAuthor(chat, ids)) {
      for (const id of some) this.#world.ledger.receipt(id, deviceJid(this.device), type);
      const jid = { user: author.phone, device: 0, domain: 's.whatsapp.net' } as const;
      const parcel = { sender: this.device, ids: some, type, chat, form };
      receiptToPeople(this.#world, parcel, author, { kind: 'person', jid });
    }
  }

  #byAuthor(chat: Chat, ids: readonly string[]): Map<Account, string[]> {
    const authors = new Map<Account, string[]>();
    for (const id of ids) {
      const author =
        chat.kind === 'person'
          ? this.#world.accounts.byUser(chat.jid.user, chat.jid.domain)
          : this.#world.accounts.byJid(this.chats.byId(id)?.from);
      if (author) authors.set(author, [...(authors.get(author) ?? []), id]);
    }
    return authors;
  }

  #mustBeOn(): void {
    if (!this.#on) throw new Refused(409, `the phone ${this.account.phone} is off`);
  }

  #chat(to: string): Chat {
    const chat = chatOf(this.#world, to);
    if (!chat) throw new Refused(404, `there is no chat ${to}`);
    if (chat.kind !== 'person') return chat;
    if (!this.#world.accounts.byUser(chat.jid.user, chat.jid.domain))
      throw new Refused(404, `nobody has ${to}`);
    return { kind: 'person', jid: { ...chat.jid, device: 0 } };
  }
}
