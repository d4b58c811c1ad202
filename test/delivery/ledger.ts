// Devices and their journals without shards: what a test of deliveries needs of the other stations.
import type { TestContext } from 'node:test';
import { Deliverer, type DelivererOptions } from '../../src/delivery/deliverer.ts';
import { sampleOf } from '../../src/journal/catalogue/catalogue.ts';
import { identified, openedBody, rowOf } from '../../src/journal/event.ts';
import type { EventName } from '../../src/journal/names.ts';
import { Guard } from '../../src/lib/guard.ts';
import type { Streamed } from '../../src/shard/protocol.ts';
import type { Sql } from '../../src/store/database.ts';
import { createDevice } from '../../src/store/devices.ts';
import { readEvents, record } from '../../src/store/journal.ts';
import { quiet } from '../support/database-server.ts';
import { testSeals, webhookSeal } from '../support/keys.ts';

export const secret = `whsec_${Buffer.alloc(32, 42).toString('base64')}`;

/** Receivers of tests are on this machine. */
export const here = new Guard(['127.0.0.1']);

/** Who owns the devices here and delivers for them. */
export const OWNER = '00000000-0000-4000-8000-000000000000';

export interface TestDevice {
  readonly no: number;
  readonly id: string;
}

/** Makes a device with a lane for each global endpoint. */
export async function device(sql: Sql, id: string): Promise<TestDevice> {
  const { no } = await createDevice(sql, id, OWNER, testSeals(sql).make(id).dek);
  return { no, id };
}

/** Appends events to a device's journal as a shard does: one statement, gapless. Messages are `length` long at least. Resolves with what it streams up. */
export async function append(
  sql: Sql,
  { no, id }: TestDevice,
  events: number | readonly string[],
  { length = 0 }: { readonly length?: number } = {},
): Promise<Streamed[]> {
  const names = typeof events === 'number' ? Array.from({ length: events }, () => 'message') : [...events];
  const jid = '15551234567@s.whatsapp.net';
  const facts = names.map((event, n) => {
    const name = event as EventName;
    const sample = sampleOf(name);
    const payload = name === 'message' ? { ...sample, body: `olá ${n + 1} 🐟`.padEnd(length, '.') } : sample;
    const draft = { event: name, at: Date.now(), payload };
    return identified(no, draft);
  });
  const [{ epoch } = { epoch: 0 }] = await sql<
    { epoch: number }[]
  >`select epoch from device where no = ${no}`;
  const seal = await testSeals(sql).sealOf(no);
  const { placed } = await record(sql, OWNER, {
    epochs: new Map([[no, epoch]]),
    rows: facts.map(fact => rowOf(no, jid, fact, seal)),
    done: [],
    steps: [],
  });
  const stored = await readEvents(sql, no, Math.min(...placed.map(({ seq }) => seq)) - 1, names.length);
  return stored.map(row => ({
    device: id,
    deviceNo: no,
    seq: row.seq,
    id: row.id,
    event: row.event,
    body: openedBody(row, id, seal),
  }));
}

/** Starts a deliverer that stops with the test. */
export async function deliverer(
  t: TestContext,
  sql: Sql,
  options: Partial<DelivererOptions> = {},
): Promise<Deliverer> {
  const seals = testSeals(sql);
  const made = new Deliverer({
    sql,
    owner: OWNER,
    log: quiet,
    seals,
    secret,
    webhookSeal: webhookSeal(),
    guard: here,
    version: '0.0.0-test',
    ...options,
  });
  t.after(() => made.stop());
  await made.start();
  return made;
}

/** Lets the time of every rest pass, and what is known of endpoints' failures be over. */
export async function hurry(sql: Sql): Promise<void> {
  await sql`update lane set not_before = '-infinity' where not_before > now()`;
  await sql`update endpoint set breaker_until = '-infinity' where breaker_until > now()`;
}

/**
 * Everything that is owed has arrived and is recorded. A receiver has an event a moment before its deliverer has the
 * answer: a change of webhooks in between finds the old lane one event behind, which is another case.
 */
export async function recorded(sql: Sql): Promise<boolean> {
  const [lane] = await sql<{ behind: boolean }[]>`
    select coalesce(bool_or(l.cursor < least(l.until, d.last_seq)), false) as behind
    from lane l join device d on d.no = l.device_no`;
  return lane?.behind === false;
}

/** A clock that only the test moves. */
export class Clock {
  #at = Date.UTC(2030, 0, 1);
  readonly now = () => this.#at;
  /** It never goes back. */
  to(at: number): void {
    this.#at = Math.max(this.#at, at);
  }
}

/** 1, 2, … to `last`. */
export const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** The same series of numbers in [0, 1) for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let n = Math.imul(state ^ (state >>> 15), 1 | state);
    n = (n + Math.imul(n ^ (n >>> 7), 61 | n)) ^ n;
    return ((n ^ (n >>> 14)) >>> 0) / 2 ** 32;
  };
}
