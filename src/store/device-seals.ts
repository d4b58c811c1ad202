/**
 * Each device has a key of its own (DEK), 32 random bytes made with the device and kept in its row, sealed with the
 * installation's newest key. What is secret of a device is sealed with that one, so that a rotation of the
 * installation's keys rewrites 32 bytes per device and nothing else.
 */
import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Failure } from '../errors.ts';
import type { KeyRing } from '../lib/key-ring.ts';
import { Seal, SealBroken } from '../lib/seal.ts';
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

/** As much of a device's row as holds its key. `dek` is null until the first start after the row was made without one. */
export interface KeptKey {
  readonly id: string;
  readonly dek: Buffer | null;
}

/** Seals of devices that are at hand; one takes about 300 bytes. */
const AT_HAND = 10_000;

/** Where a device's own key is sealed to: by the id, because its number is not known before the row is there. */
export const deviceKeyPlace = (id: string) => `device/${id}/key`;

/** Opens devices' keys; the main thread alone can. */
export class DeviceSeals {
  readonly #sql: Sql;
  readonly #ring: KeyRing;
  readonly #atHand = new LRUCache<number, Seal>({ max: AT_HAND });
  readonly #opening = new Map<number, Promise<Seal>>();

  constructor(sql: Sql, ring: KeyRing) {
    this.#sql = sql;
    this.#ring = ring;
  }

  /** A new key for a device of this id: in clear for its shard, sealed for its row. */
  make(id: string): { key: Buffer; dek: Buffer } {
    const key = randomBytes(32);
    return { key, dek: this.#ring.seal(deviceKeyPlace(id), key) };
  }

  /** The device's key. Fails with SealBroken. */
  keyOf({ id, dek }: KeptKey): Buffer {
    const place = deviceKeyPlace(id);
    if (!dek) throw new SealBroken(place);
    return this.#ring.open(place, dek);
  }

  /**
   * What opens the rows of a device, read from its row the first time. Fails with SealBroken when its key does not open,
   * with DEVICE_NOT_FOUND, and as the statement does; a failure is not remembered.
   */
  sealOf(deviceNo: number): Seal | Promise<Seal> {
    const seal = this.#atHand.get(deviceNo);
    if (seal) return seal;
    const opening = this.#opening.get(deviceNo) ?? this.#open(deviceNo);
    this.#opening.set(deviceNo, opening);
    return opening;
  }

  /** Gives a key to every device that has none: those of the time before there were any. Resolves with how many. */
  async complete(): Promise<number> {
    const rows = await this.#sql<{ no: number; id: string }[]>`
      select no, id from device where dek is null order by no`;
    if (rows.length === 0) return 0;
    const sql = this.#sql;
    const { bytea, int } = arrays(sql);
    const nos = int(rows.map(({ no }) => no));
    const deks = bytea(rows.map(({ id }) => this.make(id).dek));
    // Another start may do the same at the same time: whoever comes second leaves what is there.
    const { count } = await sql`
      with bare as materialized (
        select no from device where no = any(${nos}) and dek is null order by no for no key update
      )
      update device d set dek = n.dek
        from bare join unnest(${nos}, ${deks}) as n (no, dek) on n.no = bare.no
       where d.no = bare.no and d.dek is null`;
    return count;
  }

  async #open(deviceNo: number): Promise<Seal> {
    try {
      const [row] = await this.#sql<KeptKey[]>`select id, dek from device where no = ${deviceNo}`;
      if (!row) throw new Failure('DEVICE_NOT_FOUND');
      const seal = new Seal(this.keyOf(row));
      this.#atHand.set(deviceNo, seal);
      return seal;
    } finally {
      this.#opening.delete(deviceNo);
    }
  }
}
