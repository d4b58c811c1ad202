// Everything one simulator knows. Several may live in one process, so nothing here is module state.
import { randomInt } from 'node:crypto';
import { Accounts } from './accounts/accounts.ts';
import { AppState } from './app-state/collections.ts';
import { DirtyBits } from './app-state/dirty.ts';
import { Businesses } from './business/businesses.ts';
import { Calls } from './calls/calls.ts';
import { Channels } from './channels/channels.ts';
import { Clock } from './clock.ts';
import { SentForms } from './delivery/sent-forms.ts';
import { type DeliverySettings, deliverySettings } from './delivery/settings.ts';
import { Events } from './events.ts';
import { Faults } from './faults/faults.ts';
import { restart } from './faults/restart.ts';
import { Groups } from './groups/groups.ts';
import { type SyncSettings, syncSettings } from './history/settings.ts';
import { Ledger } from './ledger/ledger.ts';
import { PairingDesk } from './linking/pairing-desk.ts';
import type { MediaStore } from './media/store.ts';
import { Presences } from './presence/presences.ts';
import { allows } from './profile/privacy.ts';
import { type Picture, Profiles } from './profile/profiles.ts';
import type { TlsIdentity } from './tls/authority.ts';
import type { Trust } from './wire/certificate.ts';
import { defaultLimits, type Limits } from './wire/limits.ts';

export interface World {
  readonly trust: Trust;
  /** The time that everything a client can see goes by. */
  readonly clock: Clock;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly appState: AppState;
  readonly sync: SyncSettings;
  readonly dirty: DirtyBits;
  readonly profiles: Profiles;
  readonly presences: Presences;
  readonly businesses: Businesses;
  readonly channels: Channels;
  readonly calls: Calls;
  /** By group JID. */
  readonly groupPictures: Map<string, Picture>;
  readonly delivery: DeliverySettings;
  readonly sentForms: SentForms;
  readonly desk: PairingDesk;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly media: MediaStore;
  /** The authority that the simulator made for itself; undefined when it never did, because it was given a certificate. */
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
  readonly limits: Limits;
  /** Every socket of a client that is not closed yet. */
  readonly connections: Set<{ destroy(name?: string): void }>;
  /** The server is gone until this time (`performance.now()`): nobody gets in. */
  downUntil: number;
  /** Goes away with every connection, and is back with its state after `downMs`. */
  readonly restart: (downMs: number) => void;
  /** Aborted when the simulator stops. */
  readonly stopped: AbortSignal;
}

export interface WorldParts {
  readonly trust: Trust;
  readonly tls: TlsIdentity | undefined;
  /** PEM: what clients must trust. */
  readonly caCertificate: string;
  readonly media: MediaStore;
  /** One way, each direction. */
  readonly latencyMs: number;
  /** Of all randomness of faults; made up when absent. */
  readonly seed: number | undefined;
  readonly limits: Partial<Limits> | undefined;
  readonly stopped: AbortSignal;
  readonly delivery?: Partial<DeliverySettings>;
}

export function makeWorld(parts: WorldParts): World {
  const { trust, tls, caCertificate, media, latencyMs, seed, limits, stopped, delivery } = parts;
  let ids = 0;
  const run = Date.now().toString(36);
  const clock = new Clock();
  const events = new Events(() => clock.now());
  media.now = () => clock.now();
  const world: World = {
    trust,
    tls,
    caCertificate,
    media,
    clock,
    accounts: new Accounts(),
    groups: new Groups(),
    appState: new AppState(),
    sync: syncSettings(),
    dirty: new DirtyBits(),
    profiles: new Profiles(),
    presences: new Presences(),
    businesses: new Businesses(),
    channels: new Channels(),
    calls: new Calls(),
    groupPictures: new Map(),
    delivery: deliverySettings(delivery),
    sentForms: new SentForms(),
    desk: new PairingDesk(events),
    faults: new Faults(latencyMs, seed ?? randomInt(2 ** 32)),
    ledger: new Ledger(events, clock),
    events,
    nextId: () => `${run}-${++ids}`,
    origin: '',
    changed: () => {},
    limits: { ...defaultLimits, ...limits },
    connections: new Set(),
    downUntil: 0,
    restart: downMs => restart(world, downMs),
    stopped,
  };
  world.groups.onRemoved = ({ jid }) => {
    world.profiles.dropPicture(world.groupPictures.get(jid));
    world.groupPictures.delete(jid);
  };
  world.groups.mayAdd = (person, by) => allows(world, person, by, 'groupadd');
  return world;
}
