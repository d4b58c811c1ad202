/**
 * Stanzas between their arrival and the journal. WhatsApp forgets a stanza when it has its receipt or its ack, so one is
 * durable before either can leave: an encrypted one in the commit of the ratchet step that opened it, any other one
 * before Baileys sees it. It leaves the inbox in the statement that writes its facts.
 */
import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { BinaryNode } from '@whiskeysockets/baileys';
import type { Logger } from '../../lib/logger.ts';
import { type Seal, SealBroken } from '../../lib/seal.ts';
import type { Sql } from '../../store/database.ts';
import { blame, findReceived, readLeftOvers } from '../../store/inbox.ts';
import { places } from '../../store/places.ts';
import { quarantineStanza } from '../../store/quarantine.ts';
import type { DeviceKeys } from '../signal/keys.ts';

/** One stanza under way. */
export interface Arrival {
  /** As it came, without the mark of the offline queue. */
  readonly node: BinaryNode;
  /** Its ciphertexts with the names that they have in the inbox. */
  readonly ciphertexts: ReadonlyMap<Uint8Array, Buffer>;
  /** Rows of it that are in the inbox, or will be with the unit of work under way. */
  readonly rows: Buffer[];
  /** The plaintexts that are known of it, by the hash of their ciphertext in hex. */
  readonly plaintexts: Map<string, Buffer>;
  /** Its stanza is in a row of its own making. */
  kept: boolean;
  /** Baileys has told what is in it. */
  told: boolean;
  /** What was told could not be made events of, and why. */
  spoiled?: Error;
}

/**
 * What stands for a ciphertext whose facts are in the journal already: a padded message with an empty sender key, field 2,
 * which is never an event and gives way to whatever else is in the stanza.
 */
const NOTHING = Buffer.of(0x12, 0, 1);

export class Inbox {
  readonly #sql: Sql;
  readonly #owner: string;
  readonly #keys: DeviceKeys;
  readonly #seal: Seal;
  readonly #log: Logger;
  readonly #arrivals = new WeakMap<Uint8Array, Arrival>();

  constructor({ sql, owner, keys, log }: { sql: Sql; owner: string; keys: DeviceKeys; log: Logger }) {
    this.#sql = sql;
    this.#log = log;
    this.#owner = owner;
    this.#keys = keys;
    this.#seal = keys.seal;
  }

  /** A stanza has come. Its ciphertexts are recognised from now on. */
  arrival({ attrs: { offline: _, ...attrs }, ...rest }: BinaryNode): Arrival {
    const node = { ...rest, attrs };
    const ciphertexts = new Map<Uint8Array, Buffer>();
    if (node.tag === 'message' && Array.isArray(node.content))
      for (const { tag, attrs: of, content } of node.content)
        if (tag === 'enc' && content instanceof Uint8Array)
          ciphertexts.set(content, hashOf([attrs.from, attrs.participant, of.type], content));
    const arrival: Arrival = { node, ciphertexts, rows: [], plaintexts: new Map(), kept: false, told: false };
    for (const ciphertext of ciphertexts.keys()) this.#arrivals.set(ciphertext, arrival);
    return arrival;
  }

  /** Resolves when a stanza without ciphertext is durable. */
  async admit(arrival: Arrival): Promise<void> {
    const stanza = serialize(arrival.node);
    const hash = hashOf([arrival.node.tag], stanza);
    arrival.rows.push(hash);
    await this.#keys.admit({ hash, stanza, plaintext: null });
  }

  /** A ciphertext was opened by the unit of work under way: stanza and plaintext join it. */
  took(ciphertext: Uint8Array, plaintext: Uint8Array): void {
    const arrival = this.#arrivals.get(ciphertext);
    const hash = arrival?.ciphertexts.get(ciphertext);
    if (!arrival || !hash) return;
    const text = Buffer.from(plaintext);
    // Rows that it found may go before those that it makes.
    const stanza = arrival.kept ? null : serialize(arrival.node);
    arrival.kept = true;
    arrival.rows.push(hash);
    arrival.plaintexts.set(hash.toString('hex'), text);
    this.#keys.received({ hash, stanza, plaintext: text });
  }

  /**
   * The plaintext of a ciphertext that does not open (any more), because it was opened before and WhatsApp did not get its
   * receipt; undefined when it was never received. What is in the journal already comes back as a message without content.
   */
  async plaintextOf(ciphertext: Uint8Array): Promise<Buffer | undefined> {
    const arrival = this.#arrivals.get(ciphertext);
    const hash = arrival?.ciphertexts.get(ciphertext);
    if (!arrival || !hash) return undefined;
    const { no } = this.#keys.seat;
    const known = arrival.plaintexts.get(hash.toString('hex'));
    // A store that does not answer must not look like a message that was never received: it would be asked for again.
    const found = known ?? (await this.#keys.reading(() => findReceived(this.#sql, no, hash)));
    if (found === undefined) return undefined;
    if (found === null) return NOTHING;
    const plaintext = known ?? (await this.#open(places.plaintext(no, hash), found, hash));
    if (plaintext) arrival.rows.push(hash);
    return plaintext;
  }

  /** Moves a stanza aside, as it came: nothing can be done with it now, and it is kept for whoever can. */
  async setAside(arrival: Arrival, reason: string): Promise<void> {
    if (arrival.rows.length === 0) await this.admit(arrival);
    const { no, epoch } = this.#keys.seat;
    for (const hash of arrival.rows.splice(0))
      await quarantineStanza(this.#sql, { no, owner: this.#owner, epoch }, hash, reason);
  }

  /** A stanza is charged before it is handled: if the thread dies of it, the next one knows. What was not it is taken back. */
  async blame({ rows }: Arrival, charge: number): Promise<void> {
    const { no, epoch } = this.#keys.seat;
    await blame(this.#sql, { no, owner: this.#owner, epoch }, rows, charge);
  }

  /** What an earlier connection, or an earlier process, left over, in the order in which it came. */
  async leftOvers(): Promise<{ readonly arrival: Arrival; readonly blame: number }[]> {
    const { no, epoch } = this.#keys.seat;
    const rows = await readLeftOvers(this.#sql, { no, owner: this.#owner, epoch });
    const stanzas: { hash: Buffer; stanza: Buffer; blame: number }[] = [];
    const plaintexts = new Map<string, Buffer>();
    for (const { hash, stanza, plaintext, blame: charged } of rows) {
      const opened = stanza && (await this.#open(places.stanza(no, hash), stanza, hash));
      const text = plaintext && (await this.#open(places.plaintext(no, hash), plaintext, hash));
      // Half of it is as good as nothing: it was moved aside.
      if (opened === undefined || text === undefined) continue;
      if (opened) stanzas.push({ hash, stanza: opened, blame: charged });
      if (text) plaintexts.set(hash.toString('hex'), text);
    }
    return stanzas.map(({ hash, stanza, blame: charged }) => {
      const arrival = this.arrival(deserialize(stanza) as BinaryNode);
      if (arrival.ciphertexts.size === 0) arrival.rows.push(hash);
      for (const name of arrival.ciphertexts.values()) {
        const text = plaintexts.get(name.toString('hex'));
        if (!text) continue;
        arrival.rows.push(name);
        arrival.plaintexts.set(name.toString('hex'), text);
      }
      return { arrival, blame: charged };
    });
  }

  /** What is stored of a stanza; undefined when it does not open: then it was told and moved aside. */
  async #open(place: string, sealed: Buffer, hash: Buffer): Promise<Buffer | undefined> {
    try {
      return this.#seal.open(place, sealed);
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      this.#log.error('a stored stanza does not open and is lost; it is moved aside');
      const { no, epoch } = this.#keys.seat;
      await quarantineStanza(this.#sql, { no, owner: this.#owner, epoch }, hash, 'it did not open');
      return undefined;
    }
  }
}

/** Bound to who sent it: what Alice wrote must not come out of the same bytes in the name of Mallory. */
function hashOf(context: readonly (string | undefined)[], bytes: Uint8Array): Buffer {
  const hash = createHash('sha256').update(JSON.stringify(context)).update(bytes);
  return hash.digest().subarray(0, 20);
}
