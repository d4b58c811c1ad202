// Everything one simulator knows. Several may live in one process, so nothing here is module state.
import { Accounts } from './accounts/accounts.ts';
import { Faults } from './faults/faults.ts';
import { Groups } from './groups/groups.ts';
import { Ledger } from './ledger/ledger.ts';
import { PairingDesk } from './linking/pairing-desk.ts';
import { Presences } from './presence/presences.ts';
import { type Picture, Profiles } from './profile/profiles.ts';
import type { Trust } from './wire/certificate.ts';

export interface World {
  readonly trust: Trust;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly profiles: Profiles;
  readonly presences: Presences;
  /** By group JID. */
  readonly groupPictures: Map<string, Picture>;
  readonly desk: PairingDesk;
  readonly faults: Faults;
  readonly ledger: Ledger;
  /** Ids of stanzas that the server starts itself. */
  readonly nextId: () => string;
  /** Where its own HTTP answers, without a slash at the end; known once it listens. */
  origin: string;
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
    profiles: new Profiles(),
    presences: new Presences(),
    groupPictures: new Map(),
    desk: new PairingDesk(),
    faults: new Faults(latencyMs),
    ledger: new Ledger(),
    nextId: () => `${run}-${++ids}`,
    origin: '',
    changed: () => {},
    stopped,
  };
}
