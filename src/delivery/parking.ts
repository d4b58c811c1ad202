import type { Logger } from 'pino';
import { SealBroken } from '../lib/seal.ts';
import type { Sql } from '../store/database.ts';
import { bury, type DueParked, dueParked, repark, rowOf, unpark } from '../store/parked.ts';
import type { Endpoint } from './endpoint.ts';
import { told } from './reader.ts';
import { backoff, decide, parkedWait } from './schedule.ts';
import type { DeviceKeys } from './secrets.ts';
import type { Send } from './send.ts';
import type { Watch } from './watch.ts';

/** Between two looks for parked events that are due, and how many are taken at once. */
const LOOK_MS = 2_000;
const AT_ONCE = 100;
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
  /** Those that are due and not at hand yet; none where it is too early to look again. */
  due(): Promise<DueParked[]>;
  /** The next look is not too early. */
  soon(): void;
  /** It waits for its turn. */
  hold(parked: DueParked): void;
  /** Tries one. Fails as the database does; it is due again then. */
  carry(endpoint: Endpoint, parked: DueParked): Promise<void>;
  /** It does not get its turn; it is found again. */
  drop(parked: DueParked): void;
}

export function parking(options: ParkingOptions): Parking {
  const { sql, owner, log, watch, seals, send, now, random, stopping } = options;
  const atHand = new Set<string>();
  let lookedAt = -Infinity;
  const keyOf = ({ endpointNo, deviceNo, seq }: DueParked) => `${endpointNo}/${deviceNo}/${seq}`;

  async function attempt(endpoint: Endpoint, parked: DueParked): Promise<void> {
    if (stopping() || !(await watch.may(endpoint))) return;
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
    const { body } = told(row, { deviceId, seal, log });
    const outcome = await send(endpoint, { deviceNo, events: [{ seq, id: row.id, body }], replay });
    if (outcome === 'cut') return;
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
    async due() {
      if (now() - lookedAt < LOOK_MS) return [];
      lookedAt = now();
      const rows = await dueParked(sql, owner, { limit: AT_ONCE, now: lookedAt });
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

    async carry(endpoint, parked) {
      try {
        await attempt(endpoint, parked);
      } finally {
        atHand.delete(keyOf(parked));
      }
    },

    drop(parked) {
      atHand.delete(keyOf(parked));
    },
  };
}
