// Key stores on a real database, and a database that is slow, silent or broken on request.
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { encodeCredentials, freshCredentials } from '../../src/device/signal/credentials.ts';
import { decode, type Kind, type Value } from '../../src/device/signal/key-codec.ts';
import { DeviceKeys } from '../../src/device/signal/keys.ts';
import { makeRepository } from '../../src/device/signal/repository.ts';
import { KeyVault } from '../../src/device/signal/vault.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Seat } from '../../src/shard/protocol.ts';
import type { Sql } from '../../src/store/database.ts';
import { createDevice } from '../../src/store/devices.ts';
import { places } from '../../src/store/places.ts';
import { readSignalKeys, signalKinds } from '../../src/store/signal-keys.ts';
import { testDatabase } from '../support/database.ts';
import { quiet } from '../support/database-server.ts';
import { until } from '../support/until.ts';
import { makePeer, type Peer } from './signal.ts';

export interface Account extends Peer {
  readonly keys: DeviceKeys;
  readonly vault: KeyVault;
  /** What onFailure was called with. */
  readonly failures: Error[];
}

const zero = new Seal(new Uint8Array(32));

/** A row of credentials in clear, and back; devices here have the key of zeros. */
export const openedCredentials = (no: number, row: Buffer) => zero.open(places.credentials(no), row);
export const sealedCredentials = (no: number, row: Buffer) => zero.seal(places.credentials(no), row);

export interface OpenOptions {
  readonly vault?: KeyVault;
  readonly sql?: Sql;
  readonly cacheBytes?: number;
  /** Told in the moment of a failure. */
  readonly onFailure?: () => void;
  readonly creds?: Peer['creds'];
}

/** A database, and in it a device that can be opened again and again, as after a restart. */
export async function deviceStore(t: TestContext) {
  const { sql, address } = await testDatabase(t);
  const owner = randomUUID();
  let devices = 0;

  const seat = async (): Promise<Seat> => {
    const { no, epoch, id } = await createDevice(sql, `device-${++devices}`, owner);
    return { no, epoch, id, key: new Uint8Array(32) };
  };
  const vaultOn = ({ sql: pool = sql, cacheBytes = 1 << 20 }: OpenOptions = {}) =>
    new KeyVault({ sql: pool, owner, cacheBytes, log: quiet });
  const open = (at: Seat, options: OpenOptions = {}): Account => {
    const { vault = vaultOn(options), creds = freshCredentials() } = options;
    const failures: Error[] = [];
    const keys = new DeviceKeys({
      vault,
      seat: at,
      credentials: () => encodeCredentials(creds),
      onFailure: failure => {
        failures.push(failure);
        options.onFailure?.();
      },
    });
    const peer = makePeer(`${1000 + at.no}:1@lid`, keys, makeRepository(keys), creds);
    return { ...peer, keys, vault, failures };
  };
  /** What is on disk, past all caches. */
  const stored = async <K extends Kind>({ no }: Seat, kind: K, id: string): Promise<Value<K> | undefined> => {
    const [row] = await readSignalKeys(sql, [{ deviceNo: no, kind: signalKinds[kind], id }]);
    return row && decode(kind, zero.open(places.key(no, kind, id), row.value));
  };
  return { sql, address, owner, seat, open, vaultOn, stored };
}

/** The pool with something around each statement. */
export function around(
  sql: Sql,
  work: (statement: string, run: () => Promise<unknown>) => Promise<unknown>,
): Sql {
  return new Proxy(sql, {
    apply: (target, self, [strings, ...values]: [TemplateStringsArray, ...unknown[]]) =>
      work(strings.join('?'), async () => await Reflect.apply(target, self, [strings, ...values])),
  });
}

export const isRead = (statement: string) => statement.trimStart().startsWith('select');

/** The pool and the statements that went through it. */
export function counted(sql: Sql) {
  const counts = { reads: 0, writes: 0 };
  const pool = around(sql, (statement, run) => {
    counts[isRead(statement) ? 'reads' : 'writes']++;
    return run();
  });
  return { sql: pool, counts };
}

/** Every write of Signal state takes so long at least. */
export async function slowDown(sql: Sql, ms: number): Promise<void> {
  await sql.unsafe(`
    create function dawdle() returns trigger language plpgsql as
      $$ begin perform pg_sleep(${ms / 1000}); return null; end $$;
    create trigger slow before insert on signal_key for each statement execute function dawdle()`);
}

/** From now on the disk is full for one table; the returned function makes room. */
export async function fillDisk(sql: Sql, table = 'signal_key'): Promise<() => Promise<void>> {
  await sql.unsafe(`
    create function refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no space left on device' using errcode = '53100'; end $$;
    create trigger full_disk before insert on ${table} for each statement execute function refuse()`);
  return async () => {
    await sql.unsafe(`drop trigger full_disk on ${table}; drop function refuse`);
  };
}

/** Writes of Signal state wait from now on. `caught` resolves when one does, `release` lets them go on. */
export async function holdWrites(t: TestContext, sql: Sql) {
  const holder = await sql.reserve();
  t.after(() => holder.release());
  await holder.unsafe('begin; lock table signal_key in share mode');
  return {
    caught: () =>
      until(
        async () => {
          const [row] = await sql<[{ waiting: number }]>`
            select count(*)::int as waiting from pg_locks
             where relation = 'signal_key'::regclass and not granted`;
          return row.waiting;
        },
        { what: 'a write that waits for the lock' },
      ),
    release: async () => {
      await holder.unsafe('commit');
    },
  };
}

/** Whether a promise has settled by now, seen after everything that is due has run. */
export async function settled(promise: Promise<unknown>): Promise<boolean> {
  let over = false;
  const end = () => {
    over = true;
  };
  promise.then(end, end);
  for (let i = 0; i < 5; i++) await new Promise(next => setImmediate(next));
  return over;
}
