/** The chats of one device: what was heard on its way into the store, and what was said on its way out of it. */
import type { WAMessage, WAMessageKey } from '@whiskeysockets/baileys';
import type { Logger } from 'pino';
import { Seal, SealBroken } from '../../lib/seal.ts';
import type { Seat } from '../../shard/protocol.ts';
import { type ChatRows, isPerson } from '../../store/chats/rows.ts';
import {
  readAddressBook,
  readAnywhere,
  readLast,
  readOldest,
  readSaid,
  type SaidRow,
} from '../../store/chats/said.ts';
import { reachStore, type Sql } from '../../store/database.ts';
import { isStorable } from '../../store/names.ts';
import { readOutgoing } from '../../store/outgoing.ts';
import { places } from '../../store/places.ts';
import type { Said } from '../asking/command.ts';
import type { Caches } from '../line/caches.ts';
import type { Outgoing } from '../sending/outgoing.ts';
import type { DeviceKeys } from '../signal/keys.ts';
import type { KeyVault } from '../signal/vault.ts';
import type { Self } from '../translate/envelope.ts';
import { type Shown, unpacked } from './content.ts';
import type { Events, Heard } from './hearing.ts';
import { openedOf } from './opening.ts';
import { People } from './people.ts';
import { rowsOf } from './rows.ts';
import { Secrets } from './secrets.ts';

export interface DeviceChatsOptions {
  readonly sql: Sql;
  readonly seat: Seat;
  readonly vault: KeyVault;
  readonly caches: Caches;
  readonly keys: () => DeviceKeys;
  readonly outgoing: () => Outgoing;
  readonly self: () => Self;
  /** Whether what is said is kept. */
  readonly keep: () => boolean;
  readonly heard: (events: Events) => void;
  readonly log: Logger;
}

export class DeviceChats implements Said {
  readonly #options: DeviceChatsOptions;
  readonly #seal: Seal;
  /** With which answers to messages are encrypted. */
  readonly secrets: Secrets;

  constructor(options: DeviceChatsOptions) {
    this.#options = options;
    this.#seal = new Seal(options.seat.key);
    const { seat, caches, outgoing } = options;
    const stored = (chat: string, id: string) => this.message(chat, id);
    this.secrets = new Secrets({ no: seat.no, caches, outgoing, stored });
  }

  /** The rows of what was heard. Fails as the database does. */
  async rows(heard: readonly Heard[]): Promise<ChatRows> {
    const { seat, caches, self, keep, log } = this.#options;
    const spoiled = (err: Error, what: Heard['what']) =>
      log.error({ err, what }, 'something of a chat cannot be read; it is left out');
    const opened = await openedOf(heard, {
      spoiled,
      self: self(),
      secretOf: opens => this.secrets.of(opens),
      message: (chat, id) => this.message(chat, id),
    });
    return rowsOf(heard, {
      opened,
      keep: keep(),
      no: seat.no,
      seal: this.#seal,
      others: ids => this.#others(ids),
      pushNames: caches.pushNames,
      spoiled,
    });
  }

  heard(events: Events): void {
    this.#options.heard(events);
  }

  async message(chat: string, id: string): Promise<WAMessage | undefined> {
    if (!isStorable(id) || !isStorable(chat)) return undefined;
    const { sql, seat } = this.#options;
    const names = await this.#names(chat);
    const row = await reachStore(() => readSaid(sql, seat.no, names, id));
    return (row && this.#opened(row, true)) ?? (await this.#sent(names, id));
  }

  async anywhere(id: string): Promise<WAMessage | undefined> {
    if (!isStorable(id)) return undefined;
    const { sql, seat } = this.#options;
    const row = await reachStore(() => readAnywhere(sql, seat.no, id));
    return (row && this.#opened(row, true)) ?? (await this.#sent(undefined, id));
  }

  addressBook(): Promise<string[]> {
    const { sql, seat } = this.#options;
    return reachStore(() => readAddressBook(sql, seat.no));
  }

  async last(chat: string): Promise<WAMessage | undefined> {
    const { sql, seat } = this.#options;
    if (!isStorable(chat)) return undefined;
    const names = await this.#names(chat);
    const row = await reachStore(() => readLast(sql, seat.no, names));
    return row && this.#opened(row, false);
  }

  async oldest(chat: string): Promise<WAMessage | undefined> {
    const { sql, seat } = this.#options;
    if (!isStorable(chat)) return undefined;
    const names = await this.#names(chat);
    const row = await reachStore(() => readOldest(sql, seat.no, names));
    return row && this.#opened(row, false);
  }

  /** What has been sent, to any chat unless one is named, and is not in the store yet, or not kept there. */
  async #sent(names: readonly string[] | undefined, id: string): Promise<WAMessage | undefined> {
    const { sql, seat, outgoing } = this.#options;
    const status = await reachStore(() => readOutgoing(sql, seat.no, id));
    if (!status || names?.includes(status.chat) === false) return undefined;
    const message = await outgoing().sent(id);
    return (
      message && {
        key: { remoteJid: status.chat, fromMe: true, id },
        message,
        messageTimestamp: seconds(status.createdAt),
      }
    );
  }

  async #names(chat: string): Promise<string[]> {
    const people = await reachStore(() => People.of([[chat, undefined]], ids => this.#others(ids)));
    const { jid, also } = people.named(chat);
    return also ? [jid, also] : [jid];
  }

  #others(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { vault, keys } = this.#options;
    return vault.othersOf(keys(), ids);
  }

  /** With `whole` undefined when there is nothing but the key of it. A row that was changed or moved has no content. */
  #opened(row: SaidRow, whole: boolean): WAMessage | undefined {
    const { seat, log } = this.#options;
    const { chat, id, sender, fromMe, at, said, message, status } = row;
    let shown: Shown = {};
    let content: WAMessage['message'];
    try {
      if (said) shown = JSON.parse(this.#seal.open(places.said(seat.no, id), said).toString()) as Shown;
      if (message) content = unpacked(this.#seal.open(places.message(seat.no, id), message));
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      log.error({ err }, 'a stored message does not open');
    }
    if (whole && !content) return undefined;
    const participant = shown.participant ?? (isPerson(chat) ? undefined : sender || undefined);
    const key: WAMessageKey = {
      remoteJid: shown.remoteJid ?? chat,
      fromMe,
      id,
      ...(participant !== undefined && !isPerson(chat) && { participant }),
    };
    return { key, message: content ?? null, messageTimestamp: seconds(at), status } as WAMessage;
  }
}

const seconds = (at: Date) => Math.floor(at.getTime() / 1000);
