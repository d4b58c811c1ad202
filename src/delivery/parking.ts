import type { Logger } from 'pino';
import { SealBroken } from '../lib/seal.ts';
import type { Sql } from '../store/database.ts';
import { bury, type DueParked, dueParked, repark, rowOf, unpark } from '../store/parked.ts';
import type { Endpoint } from './endpoint.ts';
import { wants } from './filter.ts';
import { told } from './reader.ts';
import { backoff, classify, decide, parkedWait } from './schedule.ts';
import type { DeviceKeys } from './secrets.ts';
import type { Send } from './send.ts';
import type { Watch } from './watch.ts';

/** Between two looks for parked events that are due, and how many are taken at once. */
const LOOK_MS = 2_000;
const AT_ONCE = 100;
/** Of one endpoint: one that takes its time must not keep back what others are owed. */
const EACH_AT_ONCE = 20;
/** Between two tries of an event of a device whose key does not open. */
const KEY_BROKEN_MS = 600_000;

export interface ParkingOptions {
  readonly sql: Sql;
  readonly owner: string;
  readonly log: Logger;
  readonly watch: Watch;
  readonly seals: DeviceKeys;
  readonly send: Send;
  readonly now: () => number;
  readonly random: () => number;
  readonly stopping: () => boolean;
}

/** Parked events in memory: those whose time has come. */
export interface Parking {
  /** Those that are due and not at hand yet, without those of the endpoints in `busy`; none where it is too early to look again. */
  due(busy: readonly number[]): Promise<DueParked[]>;
  /** The next look is not too early. */
  soon(): void;
  /** It waits for its turn. */
  hold(parked: DueParked): void;
  /** Tries one, unless its endpoint is not `current` any more. Fails as the database does; it is due again then. */
  carry(endpoint: Endpoint, parked: DueParked, current: () => boolean): Promise<void>;
  /** Whether one of the endpoint is at hand. */
  holds(endpointNo: number): boolean;
  /** It does not get its turn; it is found again. */
  drop(parked: DueParked): void;
}

export function parking(options: ParkingOptions): Parking {
  const { sql, owner, log, watch, seals, send, now, random, stopping } = options;
  const atHand = new Set<string>();
  let lookedAt = -Infinity;
  const keyOf = ({ endpointNo, deviceNo, seq }: DueParked) => `${endpointNo}/${deviceNo}/${seq}`;

  async function attempt(endpoint: Endpoint, parked: DueParked, current: () => boolean): Promise<void> {
    if (stopping() || !current() || !(await watch.may(endpoint))) return;
    const { deviceNo, deviceId, seq, replay } = parked;
    const row = rowOf(parked);
    if (!row) return await bury(sql, parked, { reason: 'expired', now: now() });
    const seal = await Promise.resolve(seals.sealOf(deviceNo)).catch((error: unknown) => {
      if (error instanceof SealBroken) return undefined;
      throw error;
    });
    if (!seal) {
      const error = 'the key of the device cannot be opened';
      return await repark(sql, parked, { ...parked, notBefore: now() + KEY_BROKEN_MS, error });
    }
    const { body, payload } = told(row, { deviceId, seal, log });
    // Of a span that had grown old nobody has asked, and what it wants may have changed since.
    if (!wants(endpoint.filter, row.event, payload)) return await unpark(sql, parked);
    const outcome = await send(endpoint, { deviceNo, events: [{ seq, id: row.id, body }], replay });
    if (outcome === 'cut') return;
    // It was changed while the POST was under way: a failure is not the new one's.
    if (!current() && classify(outcome) !== 'delivered') return;
    const next = decide(outcome, endpoint.health.fails + 1, { now: now(), random });
    switch (next.do) {
      case 'advance':
        await unpark(sql, parked);
        return await watch.ok(endpoint);
      case 'wait': {
        const notBefore = now() + Math.max(next.waitMs, backoff(1, random));
        await repark(sql, parked, { attempt: parked.attempt, notBefore, error: next.error });
        return await watch.failed(endpoint, next.error, next.asked);
      }
      case 'refused':
        await again(parked, next.error);
        return await watch.ok(endpoint);
      case 'close':
        return await watch.gone(endpoint, next.error);
    }
  }

  async function again(parked: DueParked, error: string): Promise<void> {
    const tries = parked.attempt + 1;
    const waitMs = parkedWait(tries, random);
    if (waitMs !== undefined)
      return await repark(sql, parked, { attempt: tries, notBefore: now() + waitMs, error });
    const names = { device: parked.deviceId, endpoint: parked.endpointNo, seq: parked.seq, error };
    log.error(
      names,
      'an event is given up: its receiver refused it every time; it is among the dead letters',
    );
    await bury(sql, parked, { reason: error, now: now() });
  }

  return {
    async due(busy) {
      if (now() - lookedAt < LOOK_MS) return [];
      lookedAt = now();
      const rows = await dueParked(sql, owner, { limit: AT_ONCE, each: EACH_AT_ONCE, busy, now: lookedAt });
      // There may be more where they came from.
      if (rows.length === AT_ONCE) lookedAt = -Infinity;
      return rows.filter(row => !atHand.has(keyOf(row)));
    },

    soon() {
      lookedAt = -Infinity;
    },

    hold(parked) {
      atHand.add(keyOf(parked));
    },

    holds(endpointNo) {
      for (const key of atHand) if (key.startsWith(`${endpointNo}/`)) return true;
      return false;
    },

    async carry(endpoint, parked, current) {
      try {
        await attempt(endpoint, parked, current);
      } finally {
        atHand.delete(keyOf(parked));
      }
    },

    drop(parked) {
      atHand.delete(keyOf(parked));
    },
  };
}
