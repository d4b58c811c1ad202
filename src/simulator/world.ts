// Everything one simulator knows. Several may live in one process, so nothing here is module state.
import { Accounts } from './accounts/accounts.ts';
import { Businesses } from './business/businesses.ts';
import { Calls } from './calls/calls.ts';
import { Channels } from './channels/channels.ts';
import { Clock } from './clock.ts';
import { Events } from './events/events.ts';
import { Faults } from './faults/faults.ts';
import { Groups } from './groups/groups.ts';
import { Ledger } from './ledger/ledger.ts';
import { PairingDesk } from './linking/pairing-desk.ts';
import type { MediaStore } from './media/store.ts';
import { Presences } from './presence/presences.ts';
import { allows } from './profile/privacy.ts';
import { type Picture, Profiles } from './profile/profiles.ts';
import type { TlsIdentity } from './tls/authority.ts';
import type { Trust } from './wire/certificate.ts';

export interface World {
  readonly trust: Trust;
  /** The time that everything a client can see goes by. */
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly profiles: Profiles;
  readonly presences: Presences;
  readonly businesses: Businesses;
  readonly channels: Channels;
  readonly calls: Calls;
  /** By group JID. */
  readonly groupPictures: Map<string, Picture>;
  readonly desk: PairingDesk;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly media: MediaStore;
  /** The authority that the simulator made for itself; undefined when it was given a certificate. */
  readonly tls: TlsIdentity | undefined;
  /** PEM: what clients must trust. */
  readonly caCertificate: string;
  /** What happens, for those who watch. */
  readonly events: Events;
  /** Ids of stanzas that the server starts itself. */
  readonly nextId: () => string;
  /** Where its own HTTP answers, without a slash at the end; known once it listens. */
  origin: string;
  /** Something worth keeping changed; a keeper (state/keeper.ts) may be listening. */
  changed: () => void;
  /** Aborted when the simulator stops. */
  readonly stopped: AbortSignal;
}

export interface WorldParts {
  readonly trust: Trust;
  readonly tls: TlsIdentity | undefined;
  /** PEM: what clients must trust. */
  readonly caCertificate: string;
  readonly media: MediaStore;
  readonly latencyMs: number;
  readonly stopped: AbortSignal;
}

export function makeWorld({ trust, tls, caCertificate, media, latencyMs, stopped }: WorldParts): World {
  let ids = 0;
  const run = Date.now().toString(36);
  const clock = new Clock();
  const events = new Events(() => clock.now());
  const world: World = {
    trust,
    tls,
    caCertificate,
    media,
    clock,
    accounts: new Accounts(),
    groups: new Groups(),
    profiles: new Profiles(),
    presences: new Presences(),
    businesses: new Businesses(),
    channels: new Channels(),
    calls: new Calls(),
    groupPictures: new Map(),
    desk: new PairingDesk(events),
    faults: new Faults(latencyMs),
    ledger: new Ledger(events, clock),
    events,
    nextId: () => `${run}-${++ids}`,
    origin: '',
    changed: () => {},
    stopped,
  };
  world.groups.mayAdd = (person, by) => allows(world, person, by, 'groupadd');
  return world;
}
