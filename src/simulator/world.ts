// Everything one simulator knows. Several may live in one process, so nothing here is module state.
import { randomInt } from 'node:crypto';
import { Accounts } from './accounts/accounts.ts';
import { Faults } from './faults/faults.ts';
import { restart } from './faults/restart.ts';
import { Groups } from './groups/groups.ts';
import { Ledger } from './ledger/ledger.ts';
import { PairingDesk } from './linking/pairing-desk.ts';
import type { Trust } from './wire/certificate.ts';
import type { Connection } from './wire/connection.ts';
import { defaultLimits, type Limits } from './wire/limits.ts';

export interface World {
  readonly trust: Trust;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly desk: PairingDesk;
  readonly faults: Faults;
  readonly ledger: Ledger;
  /** Ids of stanzas that the server starts itself. */
  readonly nextId: () => string;
  /** Something worth keeping changed; a keeper (state/keeper.ts) may be listening. */
  changed: () => void;
  readonly limits: Limits;
  /** Every socket that was upgraded and is not closed yet. */
  readonly connections: Set<Connection>;
  /** The server is gone until this time (`performance.now()`): nobody gets in. */
  downUntil: number;
  /** Goes away with every connection, and is back with its state after `downMs`. */
  readonly restart: (downMs: number) => void;
  /** Aborted when the simulator stops. */
  readonly stopped: AbortSignal;
}

export interface WorldOptions {
  /** One way, each direction. */
  readonly latencyMs?: number | undefined;
  /** Of all randomness of faults; made up when absent. */
  readonly seed?: number | undefined;
  readonly limits?: Partial<Limits> | undefined;
}

export function makeWorld(trust: Trust, options: WorldOptions, stopped: AbortSignal): World {
  let ids = 0;
  const run = Date.now().toString(36);
  const world: World = {
    trust,
    accounts: new Accounts(),
    groups: new Groups(),
    desk: new PairingDesk(),
    faults: new Faults(options.latencyMs ?? 0, options.seed ?? randomInt(2 ** 32)),
    ledger: new Ledger(),
    nextId: () => `${run}-${++ids}`,
    changed: () => {},
    limits: { ...defaultLimits, ...options.limits },
    connections: new Set(),
    downUntil: 0,
    restart: downMs => restart(world, downMs),
    stopped,
  };
  return world;
}
