// Everything one simulator knows. Several may live in one process, so nothing here is module state.
import { Accounts } from './accounts/accounts.ts';
import { SentForms } from './delivery/sent-forms.ts';
import { type DeliverySettings, deliverySettings } from './delivery/settings.ts';
import { Faults } from './faults/faults.ts';
import { Groups } from './groups/groups.ts';
import { Ledger } from './ledger/ledger.ts';
import { PairingDesk } from './linking/pairing-desk.ts';
import type { MediaStore } from './media/store.ts';
import type { TlsIdentity } from './tls/authority.ts';
import type { Trust } from './wire/certificate.ts';

export interface World {
  readonly trust: Trust;
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly delivery: DeliverySettings;
  readonly sentForms: SentForms;
  readonly desk: PairingDesk;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly media: MediaStore;
  /** The authority that the simulator made for itself; undefined when it was given a certificate. */
  readonly tls: TlsIdentity | undefined;
  /** PEM: what clients must trust. */
  readonly caCertificate: string;
  /** Ids of stanzas that the server starts itself. */
  readonly nextId: () => string;
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
  readonly delivery?: Partial<DeliverySettings>;
}

export function makeWorld(parts: WorldParts): World {
  const { trust, tls, caCertificate, media, latencyMs, stopped, delivery } = parts;
  let ids = 0;
  const run = Date.now().toString(36);
  return {
    trust,
    tls,
    caCertificate,
    media,
    accounts: new Accounts(),
    groups: new Groups(),
    delivery: deliverySettings(delivery),
    sentForms: new SentForms(),
    desk: new PairingDesk(),
    faults: new Faults(latencyMs),
    ledger: new Ledger(),
    nextId: () => `${run}-${++ids}`,
    changed: () => {},
    stopped,
  };
}
