/**
 * The messages of one device that came and could not be decrypted, until a later copy of each was read or every try has
 * failed. Baileys asks the sender to send again, and the phone in the same breath, and forgets both with the process. Here
 * a message is written down before the retry receipt leaves (its ack tells WhatsApp to forget it), and the phone is asked
 * from that, over restarts.
 */
import type { BinaryNode, CacheStore, WAMessage, WAMessageKey } from '@whiskeysockets/baileys';
import { decodeMessageNode } from '@whiskeysockets/baileys';
import type { Draft } from '../../journal/event.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Seal } from '../../lib/seal.ts';
import type { Count } from '../../shard/protocol.ts';
import type { Sql } from '../../store/database.ts';
import { storeFailure } from '../../store/database.ts';
import { Fenced, type Term } from '../../store/fence.ts';
import {
  changeUndecryptable,
  noteUndecryptable,
  type UndecryptableName,
  type UndecryptableRow,
} from '../../store/undecryptable.ts';
import { bare } from '../jid.ts';
import type { Self } from '../translate/envelope.ts';
import { fromLost, fromRecovered, fromUnread } from '../translate/unread.ts';
import { dueAt, isCopy, isUnread, nameOf, reasonOfStub, type UnreadLimits } from './unread-rules.ts';

/** What is kept of the message: enough to tell of it, to ask for it and to give the phone's copy its names. */
type Stub = Pick<WAMessage, 'key' | 'messageTimestamp' | 'pushName'>;

interface Entry {
  readonly name: UndecryptableName;
  readonly stub: Stub;
  readonly firstAt: number;
  reason: string;
  attempts: number;
  askedAt: number | undefined;
  due: { at: number; what: 'ask' | 'lose' };
  /** Its event was given to the journal. */
  told: boolean;
  state: UndecryptableRow['state'];
  /** From before this thread had the device: nobody else will tell of it. */
  readonly restored: boolean;
  /** The phone has answered with it, and its copy is what comes next. */
  answered: boolean;
}

export interface UnreadOptions {
  readonly sql: Sql;
  readonly term: Term;
  readonly limits: UnreadLimits;
  readonly seal: Seal;
  readonly self: () => Self;
  readonly log: Logger;
  /** Facts for the journal. */
  readonly happened: (drafts: Draft[]) => void;
  /** No fact of the device waits for the journal. */
  readonly journaled: () => boolean;
  readonly counted: (what: Count) => void;
  /** The store failed: nothing may leave any more. Called before anybody else learns of it. */
  readonly onFailure: (failure: Error) => void;
}

export class Unread {
  readonly #options: UnreadOptions;
  readonly #entries = new Map<string, Entry>();
  /** Changed in memory; written at the next look, once the events that tell of it are in the journal. */
  readonly #changed = new Set<Entry>();
  /** The message that is being handled, one at a time. */
  #current: WAMessage | undefined;
  /** Came again though it is over: its stub is no news. */
  readonly #over = new Set<string>();
  #looking = false;

  /** `rows` are what an earlier thread or process left open. */
  constructor(options: UnreadOptions, rows: readonly UndecryptableRow[]) {
    this.#options = options;
    for (const row of rows) {
      try {
        this.#adopt(row, true);
      } catch (err) {
        options.log.error(
          { err },
          'the note of an undecryptable message cannot be opened; it is passed over',
        );
      }
    }
  }

  /** A message is about to be handled. One that holds nothing to decrypt is written down here: Baileys acks it unseen. */
  async handling(node: BinaryNode, me: { id: string; lid?: string } | undefined): Promise<void> {
    if (!me) return;
    try {
      this.#current = decodeMessageNode(node, me.id, me.lid ?? '').fullMessage;
    } catch {
      this.#current = undefined; // Baileys will say the same of it
    }
    if (this.#current && isUnavailable(node)) await this.#note(this.#current);
  }

  handled(): void {
    this.#current = undefined;
  }

  /** Baileys counts its retry receipts, and waits for that before it sends one (Socket/messages-recv.ts, sendRetryRequest). */
  retryCounts(cache: CacheStore): CacheStore {
    return {
      ...cache,
      set: async (name, count) => {
        const { key } = this.#current ?? {};
        // The same cache counts what others ask of us, under their names.
        if (this.#current && name === `${key?.id}:${key?.participant}`) await this.#note(this.#current);
        await cache.set(name, count);
      },
    };
  }

  /**
   * What Baileys remembers of its askings: it looks here for the names that the phone leaves out, and takes the message
   * out when the phone has answered. It never asks by itself for what it finds here.
   */
  placeholders(): CacheStore {
    return {
      get: <T>(id: string) => {
        const stub = this.#findId(id)?.stub;
        return stub && ({ ...stub, key: { ...stub.key } } as T);
      },
      set: () => {},
      del: id => {
        const entry = this.#findId(id);
        if (entry) entry.answered = true;
      },
      flushAll: () => {},
    };
  }

  /** What there is to tell of a message beside its own event: that it cannot be read, or that it can after all. */
  tell(message: WAMessage): Draft[] {
    return isUnread(message) ? this.#tellUnread(message) : this.#tellRead(message);
  }

  /** Asks the phone (with `ask`, while the device is open), gives up, and writes down what has changed; each as it is due. */
  async look(ask: ((key: WAMessageKey) => Promise<unknown>) | undefined): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      if (ask) await this.#proceed(ask);
      if (this.#options.journaled()) await this.#write();
    } finally {
      this.#looking = false;
    }
  }

  /** The account is no longer ours: so are its messages. */
  forget(): void {
    this.#entries.clear();
    this.#changed.clear();
  }

  #tellUnread(message: WAMessage): Draft[] {
    const name = nameOf(message.key);
    if (name && this.#over.delete(nameIn(name))) return [];
    const reason = reasonOfStub(message);
    const entry = this.#find(message.key);
    if (!entry) return fromUnread(message, reason, this.#options.self());
    if (entry.told) return [];
    entry.reason = reason;
    return this.#announce(entry);
  }

  #announce(entry: Entry): Draft[] {
    entry.told = true;
    this.#changed.add(entry);
    this.#options.counted('undecryptable');
    return fromUnread(entry.stub, entry.reason, this.#options.self());
  }

  #tellRead(message: WAMessage): Draft[] {
    const entry = message.message ? this.#find(message.key) : undefined;
    if (!entry) return [];
    entry.state = 'recovered';
    this.#entries.delete(nameIn(entry.name));
    this.#changed.add(entry);
    // Read before anybody heard that it could not be: nothing has happened.
    if (!entry.told) return [];
    const by = entry.answered ? 'phone' : 'retry';
    this.#options.counted(by === 'phone' ? 'recovered_by_phone' : 'recovered_by_retry');
    return fromRecovered(entry.stub, { by, afterMs: Date.now() - entry.firstAt }, this.#options.self());
  }

  async #proceed(ask: (key: WAMessageKey) => Promise<unknown>): Promise<void> {
    const { limits, happened } = this.#options;
    const now = Date.now();
    const asks: Entry[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.state !== 'waiting') continue;
      if (entry.restored && !entry.told) happened(this.#announce(entry));
      if (entry.due.at > now) continue;
      if (entry.due.what === 'lose') this.#lose(entry);
      else asks.push(entry);
    }
    for (const entry of asks.slice(0, limits.asksAtOnce)) {
      entry.answered = false;
      try {
        await ask(entry.stub.key);
      } catch (err) {
        this.#options.log.debug({ err }, 'the phone could not be asked for a message');
        return;
      }
      entry.attempts++;
      entry.askedAt = Date.now();
      entry.due = dueAt(entry, limits);
      this.#changed.add(entry);
    }
  }

  #lose(entry: Entry): void {
    const { happened, counted, self } = this.#options;
    entry.state = 'lost';
    this.#changed.add(entry);
    counted('lost');
    const afterMs = Date.now() - entry.firstAt;
    happened(fromLost(entry.stub, { reason: entry.reason, asked: entry.attempts, afterMs }, self()));
  }

  /** Resolves when the message is written down as one that could not be decrypted. */
  async #note(message: WAMessage): Promise<void> {
    const { sql, term, seal, onFailure } = this.#options;
    const name = nameOf(message.key);
    if (!name || this.#entries.has(nameIn(name))) return;
    const { messageTimestamp, pushName } = message;
    const { remoteJid, participant } = message.key;
    // Without device parts, as the phone knows chats and people.
    const key = {
      ...message.key,
      remoteJid: bare(remoteJid),
      ...(participant && { participant: bare(participant) }),
    };
    const stub = { key, messageTimestamp: Number(messageTimestamp ?? 0), ...(pushName && { pushName }) };
    try {
      const row = await noteUndecryptable(sql, term, {
        ...name,
        message: seal.seal(placeOf(term.no, name), Buffer.from(JSON.stringify(stub))),
      });
      if (row.state === 'recovered') this.#over.add(nameIn(name));
      else this.#adopt(row, false);
    } catch (cause) {
      const failure = cause instanceof Fenced ? cause : storeFailure(cause);
      onFailure(failure);
      throw failure;
    }
  }

  #adopt(row: UndecryptableRow, restored: boolean): void {
    const { limits, seal, term } = this.#options;
    const { chat, sender, id, reason, attempts, told, state } = row;
    const firstAt = row.firstAt.getTime();
    const askedAt = row.askedAt?.getTime();
    let due = dueAt({ firstAt, askedAt, attempts }, limits);
    // Asked before a restart: the answer may be lost with the process, so it is asked again soon.
    const soon = Date.now() + (limits.asksAfterMs[0] ?? 0);
    if (restored && due.what === 'ask') due = { ...due, at: Math.min(due.at, soon) };
    this.#entries.set(nameIn(row), {
      name: { chat, sender, id },
      stub: JSON.parse(seal.open(placeOf(term.no, row), row.message).toString('utf8')) as Stub,
      ...{ firstAt, reason, attempts, askedAt, due, told, state, restored },
      answered: false,
    });
    this.#makeRoom();
  }

  /** The oldest is given up when too many wait, and forgotten here when it was. */
  #makeRoom(): void {
    const { most } = this.#options.limits;
    if (this.#entries.size <= most) return;
    for (const [name, entry] of this.#entries) {
      if (entry.state === 'lost') this.#entries.delete(name);
      else entry.due = { at: 0, what: 'lose' };
      return;
    }
  }

  #find(key: WAMessageKey): Entry | undefined {
    for (const entry of this.#entries.values()) if (isCopy(entry.stub.key, key)) return entry;
    return undefined;
  }

  #findId(id: string): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.name.id === id) return entry;
    return undefined;
  }

  async #write(): Promise<void> {
    const { sql, term, log, onFailure } = this.#options;
    const entries = [...this.#changed];
    if (entries.length === 0) return;
    this.#changed.clear();
    const changes = entries.map(({ name, reason, attempts, askedAt, told, state }) => ({
      ...{ ...name, reason, attempts, told, state },
      askedAt: askedAt === undefined ? null : new Date(askedAt),
    }));
    try {
      await changeUndecryptable(sql, term, changes);
    } catch (err) {
      if (err instanceof Fenced) return onFailure(err);
      for (const entry of entries) this.#changed.add(entry);
      log.warn({ err }, 'what became of undecryptable messages waits for the database');
    }
  }
}

const placeOf = (no: number, name: UndecryptableName) => `undecryptable/${no}/${nameIn(name)}`;

const nameIn = ({ chat, sender, id }: UndecryptableName) => `${chat} ${sender} ${id}`;

/** The kinds that a companion device is not meant to have (Socket/messages-recv.ts, handleMessage; WA Web's filters). */
const NEVER = new Set([
  'view_once',
  'view_once_unavailable_fanout',
  'bot_unavailable_fanout',
  'hosted_unavailable_fanout',
]);

function isUnavailable({ attrs, content }: BinaryNode): boolean {
  if (attrs.category === 'peer') return false;
  const parts = Array.isArray(content) ? content : [];
  if (parts.some(({ tag }) => tag === 'enc' || tag === 'plaintext')) return false;
  return !parts.some(({ tag, attrs: { type = '' } }) => tag === 'unavailable' && NEVER.has(type));
}
