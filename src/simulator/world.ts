// Everything one simulator knows. Several may live in one process, so nothing here is module state.
import { Accounts } from './accounts/accounts.ts';
import { AppState } from './app-state/collections.ts';
import { Faults } from './faults/faults.ts';
import { Groups } from './groups/groups.ts';
import { Ledger } from './ledger/ledger.ts';
import { PairingDesk } from './linking/pairing-desk.ts';
import type { Trust } from './wire/certificate.ts';

export interface World {
  readonly trust: Trust;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly appState: AppState;
  readonly desk: PairingDesk;
  readonly faults: Faults;
  readonly ledger: Ledger;
  /** Ids of stanzas that the server starts itself. */
  readonly nextId: () => string;
  /** Something worth keeping changed; a keeper (state/keeper.ts) may be listening. */
  changed: () => void;
  /** Aborted when the simulator stops. */
  readonly stopped: AbortSignal;
}

export function makeWorld(trust: Trust, latencyMs: number, stopped: AbortSignal): World {
  let ids = 0;
  const run = Date.now().toString(36);
  return {
    trust,
    accounts: new Accounts(),
    groups: new Groups(),
    appState: new AppState(),
    desk: new PairingDesk(),
    faults: new Faults(latencyMs),
    ledger: new Ledger(),
    nextId: () => `${run}-${++ids}`,
    changed: () => {},
    stopped,
  };
}
