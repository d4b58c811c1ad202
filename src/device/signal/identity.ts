/**
 * Who a device is: its credentials and its keys, and the care that both are on disk before anything depends on it.
 * Changes of the store are queued one after the other (`settled` waits for them) and tried until they are done.
 */
import type { AuthenticationCreds } from '@whiskeysockets/baileys';
import type { Logger } from 'pino';
import { Failure } from '../../errors.ts';
import { failpoint } from '../../lib/failpoint.ts';
import { Seal } from '../../lib/seal.ts';
import type { Seat } from '../../shard/protocol.ts';
import { readCredentials } from '../../store/credentials.ts';
import type { Sql } from '../../store/database.ts';
import { markHalted, markLinked, markResting, markUnlinked } from '../../store/devices.ts';
import { Fenced } from '../../store/fence.ts';
import { places } from '../../store/places.ts';
import { bare } from '../jid.ts';
import type { Caches } from '../line/caches.ts';
import type { Self } from '../translate/envelope.ts';
import { decodeCredentials, encodeCredentials, freshCredentials, isLinked } from './credentials.ts';
import { DeviceKeys } from './keys.ts';
import type { KeyVault } from './vault.ts';

/** Baileys changes credentials several times in a row, and merges a change in only after our handler may have run. */
const SAVE_DELAY_MS = 50;
const AGAIN_MS = 1_000;

export interface IdentityOptions {
  readonly seat: Seat;
  readonly sql: Sql;
  readonly owner: string;
  readonly vault: KeyVault;
  readonly caches: Caches;
  readonly log: Logger;
  /** The store failed: called at once, before anybody else learns of it. */
  readonly onFailure: (failure: Error) => void;
}

export class Identity {
  readonly #options: IdentityOptions;
  readonly #seal: Seal;
  #credentials: AuthenticationCreds;
  #keys: DeviceKeys;
  #jid: string;
  #changes: Promise<void> = Promise.resolve();
  #saving: NodeJS.Timeout | undefined;
  #released = false;

  constructor(options: IdentityOptions, row: Buffer | undefined) {
    this.#options = options;
    this.#seal = new Seal(options.seat.key);
    this.#credentials = row ? this.#opened(row) : freshCredentials();
    this.#jid = bare(this.#credentials.me?.id);
    this.#keys = this.#openKeys();
  }

  get credentials(): AuthenticationCreds {
    return this.#credentials;
  }

  get keys(): DeviceKeys {
    return this.#keys;
  }

  /** The account's JID; after an unlink still the last one, for the events that tell of it. */
  get jid(): string {
    return this.#jid;
  }

  /** The account as it is named in stanzas. */
  get self(): Self {
    const { me } = this.#credentials;
    return { jid: me?.id ?? '', lid: me?.lid ?? '' };
  }

  /** Why nothing can be read or written until `reopen`. */
  get failure(): Error | undefined {
    return this.#keys.failure;
  }

  /** Resolves when every change so far is durable or given up. */
  async settled(): Promise<void> {
    await this.#changes;
  }

  /** A pairing begins. One that was broken off has left its traces in the credentials, so each has new ones. */
  renew(): void {
    this.#credentials = freshCredentials();
  }

  /** The phone has signed us. */
  paired(): void {
    this.#jid = bare(this.#credentials.me?.id);
    this.#change(async () => {
      await failpoint('pair.before_store');
      await this.#keys.saveCredentials();
      await failpoint('pair.after_store');
    });
    this.introduce();
  }

  /** Writes down who the device is, for the lists of the next start. */
  introduce(): void {
    const { me } = this.#credentials;
    if (!me) return;
    const who = { jid: me.id, lid: me.lid ?? null, name: me.name ?? null };
    this.#change(() => markLinked(this.#options.sql, { ...this.#term(), ...who }));
  }

  /** Saves the credentials a moment from now, once for all changes until then. */
  touch(saved: () => void): void {
    if (!isLinked(this.#credentials) || this.#saving) return;
    this.#saving = setTimeout(() => {
      saved();
      this.flush().catch(err => this.#options.log.warn({ err }, 'credentials wait for the database'));
    }, SAVE_DELAY_MS);
  }

  async flush(): Promise<void> {
    const unsaved = this.#saving !== undefined;
    this.#cancelSave();
    if (unsaved && isLinked(this.#credentials)) await this.#keys.saveCredentials();
    await this.settled();
  }

  /** The link is gone: so are credentials and keys. `first` is done before, as often as it takes. */
  forget(reason: string, first: () => Promise<void> = async () => {}): void {
    const { sql, vault, caches, seat } = this.#options;
    const keys = this.#keys;
    this.#cancelSave();
    // Whoever is in the middle of something is told so, and not that the database is away.
    keys.retire(new Failure('DEVICE_NOT_LINKED', 'The device was logged out before it was done.'));
    this.#credentials = freshCredentials();
    this.#change(async () => {
      await keys.settled(); // a write behind the deletion would bring keys back
      await first();
      await failpoint('unlink.before_store');
      await markUnlinked(sql, { ...this.#term(), reason });
      vault.drop(seat.no);
      caches.forget(seat.no);
      this.#keys = this.#openKeys();
    });
  }

  /** A person must act; remembered for the next start. */
  halt(state: 'stopped' | 'conflict', reason: string): void {
    this.#change(() => markHalted(this.#options.sql, { ...this.#term(), state, reason }));
  }

  /** It connects in `ms` and not before, whoever runs it then. */
  rest({ ms, reason, replaced }: { ms: number; reason: string; replaced: boolean }): void {
    this.#change(() => markResting(this.#options.sql, { ...this.#term(), ms, reason, replaced }));
  }

  /** After a failure memory may be ahead of the disk: all is read again. Credentials that never got there are saved. */
  async reopen(): Promise<void> {
    const { vault, sql, seat } = this.#options;
    await this.#keys.settled();
    const row = (await readCredentials(sql, [seat.no])).get(seat.no);
    vault.drop(seat.no);
    this.#keys = this.#openKeys();
    if (row) this.#credentials = this.#opened(row);
    else if (isLinked(this.#credentials)) await this.#keys.saveCredentials();
  }

  /** No further attempts; resolves when what was under way has ended. */
  async release(): Promise<void> {
    this.#released = true;
    await this.flush();
    this.#keys.retire();
    await this.#keys.settled();
  }

  /** Nothing more is read or written, and nothing is waited for. */
  abandon(): void {
    this.#released = true;
    this.#cancelSave();
    this.#keys.retire();
  }

  #change(change: () => Promise<void>): void {
    const { log, onFailure } = this.#options;
    this.#changes = this.#changes.then(async () => {
      for (;;) {
        try {
          return await change();
        } catch (err) {
          if (err instanceof Fenced) onFailure(err);
          if (err instanceof Fenced || this.#released || err === this.#keys.failure)
            return log.error({ err }, 'a change of the device could not be stored');
          log.warn({ err }, 'a change of the device waits for the database');
          await new Promise(next => setTimeout(next, AGAIN_MS));
        }
      }
    });
  }

  #cancelSave(): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
  }

  #opened(row: Buffer): AuthenticationCreds {
    return decodeCredentials(this.#seal.open(places.credentials(this.#options.seat.no), row));
  }

  #openKeys(): DeviceKeys {
    const { vault, seat, onFailure } = this.#options;
    return new DeviceKeys({
      vault,
      seat,
      credentials: () => encodeCredentials(this.#credentials),
      onFailure,
    });
  }

  #term() {
    const { seat, owner } = this.#options;
    return { no: seat.no, owner, epoch: seat.epoch };
  }
}
