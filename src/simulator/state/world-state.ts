// The whole world as plain JSON and back. Keys are base64; stanzas are in their wire form.
import { type Account, companionsOf, type Device, type DeviceKeys, ownPhone } from '../accounts/accounts.ts';
import type { DirtyType } from '../app-state/dirty.ts';
import { captureAppState, type KeptAppState, restoreAppState } from '../app-state/kept.ts';
import { captureBusinesses, type KeptBusiness, restoreBusinesses } from '../business/kept.ts';
import { captureChannels, type KeptChannel, restoreChannels } from '../channels/kept.ts';
import { captureGroups, type KeptGroup, restoreGroups } from '../groups/kept.ts';
import type { PastSpec } from '../history/past-spec.ts';
import type { SyncSettings } from '../history/settings.ts';
import type { StoreState } from '../media/store.ts';
import type { PhoneMessage } from '../phone/messages.ts';
import { Phone } from '../phone/phone.ts';
import type { PhoneReceipt } from '../phone/receipts.ts';
import type { Script } from '../phone/script.ts';
import { captureProfiles, type KeptProfiles, restoreProfiles } from '../profile/kept.ts';
import type { TlsIdentity } from '../tls/authority.ts';
import type { KeyPair } from '../wire/crypto.ts';
import { keyPairOf } from '../wire/crypto.ts';
import type { Domain } from '../wire/jid.ts';
import { decode, encode } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { numbersOf, peopleOf } from './people.ts';

export const STATE_VERSION = 1;

interface KeysState {
  registrationId: number;
  identity: string;
  signedPreKey: { id: number; public: string; signature: string };
}

interface DeviceState {
  id: number;
  keys: KeysState;
  noiseKey: string;
  signedIdentity: string;
  props?: string;
  preKeys: { id: number; public: string }[];
  queue: string[];
  logins: number;
  lastClose?: string;
  bootstrapped: boolean;
  dirty?: [DirtyType, number][];
}

interface PhoneState {
  registrationId: number;
  signedPreKey: { id: number; private: string; signature: string };
  preKeys: [number, string][];
  nextPreKeyId: number;
  sessions: [string, string][];
  senderKeys?: [string, string][];
  keyHolders?: [string, string[]][];
  messages: PhoneMessage[];
  /** The encoded message of each of `messages`. */
  contents?: (string | null)[];
  receipts?: [string, PhoneReceipt[]][];
  script: Script;
  /** Of a phone that is off: what waits for it. */
  off?: string[];
  sent: { id: string; to?: string; message: string; at?: number; peer?: boolean }[];
}

interface AccountState {
  phone: string;
  lid: string;
  name: string;
  rawId: number;
  identity: string;
  nextDeviceId: number;
  watchers: string[];
  phoneState: PhoneState;
  appState?: KeptAppState;
  pasts?: PastSpec[];
  devices: DeviceState[];
}

export interface WorldState {
  version: typeof STATE_VERSION;
  root: string;
  static: string;
  tls?: TlsIdentity;
  media?: StoreState;
  accounts: AccountState[];
  profiles?: KeptProfiles;
  businesses?: KeptBusiness[];
  channels?: KeptChannel[];
  sentForms?: [string, Domain][];
  /** Absent in files of simulators that had none. */
  groups?: KeptGroup[];
  clockOffsetMs?: number;
  sync?: SyncSettings;
}

const pairOf = (privateKey: string): KeyPair => keyPairOf(fromBase64(privateKey));

/** All but the accounts, at once; the accounts one by one, each as it is when its turn comes. */
export function captureWorld(world: World): {
  rest: Omit<WorldState, 'accounts'>;
  accounts: Iterable<AccountState>;
} {
  const rest = {
    version: STATE_VERSION,
    root: toBase64(world.trust.root.private),
    static: toBase64(world.trust.static.private),
    ...(world.tls && { tls: world.tls }),
    media: world.media.capture(),
    clockOffsetMs: world.clock.offsetMs,
    sync: world.sync,
    profiles: captureProfiles(world),
    businesses: captureBusinesses(world),
    channels: captureChannels(world),
    sentForms: world.sentForms.capture(),
    groups: captureGroups(world.groups),
  } as const;
  return { rest, accounts: captureAccounts(world) };
}

function* captureAccounts(world: World): Generator<AccountState> {
  for (const account of world.accounts.all()) {
    const phone = ownPhone(account);
    if (phone) yield captureAccount(world, account, phone);
  }
}

function captureAccount(world: World, account: Account, phone: Phone): AccountState {
  return {
    phone: account.phone,
    lid: account.lid,
    name: account.name,
    rawId: account.rawId,
    identity: toBase64(account.identity.private),
    nextDeviceId: account.nextDeviceId,
    watchers: numbersOf(account.watchers),
    phoneState: capturePhone(phone),
    appState: captureAppState(world, phone),
    pasts: phone.history.pasts,
    devices: companionsOf(account).map(device => captureDevice(world, device)),
  };
}

function capturePhone(phone: Phone): PhoneState {
  const { registrationId, signedPreKey, preKeys, nextPreKeyId, sessions, senderKeys, keyHolders } =
    phone.signal.state;
  return {
    registrationId,
    signedPreKey: {
      id: signedPreKey.id,
      private: toBase64(signedPreKey.pair.private),
      signature: toBase64(signedPreKey.signature),
    },
    preKeys: [...preKeys].map(([id, pair]) => [id, toBase64(pair.private)]),
    nextPreKeyId,
    sessions: [...sessions].map(([address, record]) => [address, toBase64(record)]),
    senderKeys: [...senderKeys].map(([name, record]) => [name, toBase64(record)]),
    keyHolders: [...keyHolders].map(([group, names]) => [group, [...names]]),
    messages: phone.messages,
    contents: phone.messages.map(one => {
      const content = phone.chats.contentOf(one);
      return content ? toBase64(content) : null;
    }),
    receipts: [...phone.receipts.entries()],
    script: phone.script,
    ...(!phone.on && { off: phone.waiting.map(stanza => toBase64(encode(stanza))) }),
    sent: [...phone.outbox.sent.entries(), ...phone.outbox.sentPeers.entries()].map(
      ([id, { to, content, at, peer }]) => ({
        id,
        to,
        message: toBase64(content),
        at,
        ...(peer && { peer }),
      }),
    ),
  };
}

function captureDevice(world: World, device: Device): DeviceState {
  const { registrationId, identity, signedPreKey } = device.keys;
  return {
    id: device.id,
    keys: {
      registrationId,
      identity: toBase64(identity),
      signedPreKey: {
        id: signedPreKey.id,
        public: toBase64(signedPreKey.public),
        signature: toBase64(signedPreKey.signature),
      },
    },
    noiseKey: device.noiseKey ?? '',
    signedIdentity: toBase64(device.signedIdentity ?? Buffer.alloc(0)),
    ...(device.props && { props: toBase64(device.props) }),
    preKeys: device.preKeys.map(key => ({ id: key.id, public: toBase64(key.public) })),
    queue: device.mailbox.contents().map(stanza => toBase64(encode(stanza))),
    logins: device.logins,
    ...(device.lastClose === undefined ? {} : { lastClose: device.lastClose }),
    bootstrapped: device.bootstrapped,
    dirty: [...world.dirty.of(device)],
  };
}

/** Fills an empty world. */
export function restoreWorld(world: World, state: WorldState): void {
  world.ledger.resumed();
  if (state.media) world.media.restore(state.media);
  world.clock.offsetMs = state.clockOffsetMs ?? 0;
  Object.assign(world.sync, state.sync);
  for (const one of state.accounts) restoreAccount(world, one);
  world.sentForms.restore(state.sentForms ?? []);
  for (const one of state.accounts) {
    const account = world.accounts.byPhone(one.phone);
    for (const watcher of peopleOf(world.accounts, one.watchers)) account?.watchers.add(watcher);
  }
  if (state.profiles) restoreProfiles(world, state.profiles);
  restoreBusinesses(world, state.businesses ?? []);
  restoreChannels(world, state.channels ?? []);
  restoreGroups(world.groups, world.accounts, state.groups ?? []);
}

function restoreAccount(world: World, kept: AccountState): void {
  const account = world.accounts.add({ ...kept, identity: pairOf(kept.identity) });
  account.nextDeviceId = kept.nextDeviceId;
  const phone = restorePhone(world, account, kept.phoneState);
  restoreAppState(world, account, phone, kept.appState);
  phone.history.pasts.push(...(kept.pasts ?? []));
  for (const one of kept.devices) {
    const device = world.accounts.addCompanion(account, one.id, {
      keys: restoreKeys(one.keys),
      noiseKey: fromBase64(one.noiseKey),
      signedIdentity: fromBase64(one.signedIdentity),
      props: one.props === undefined ? undefined : fromBase64(one.props),
      preKeys: one.preKeys.map(key => ({ id: key.id, public: fromBase64(key.public) })),
    });
    device.mailbox.restore(one.queue.map(stanza => decode(fromBase64(stanza))));
    device.logins = one.logins;
    device.lastClose = one.lastClose;
    device.bootstrapped = one.bootstrapped;
    for (const [type, since] of one.dirty ?? []) world.dirty.set(device, type, since);
  }
}

function restorePhone(world: World, account: Account, kept: PhoneState): Phone {
  const { id, private: privateKey, signature } = kept.signedPreKey;
  const phone = new Phone(world, account, {
    registrationId: kept.registrationId,
    signedPreKey: { id, pair: pairOf(privateKey), signature: fromBase64(signature) },
    preKeys: new Map(kept.preKeys.map(([keyId, key]) => [keyId, pairOf(key)])),
    nextPreKeyId: kept.nextPreKeyId,
    sessions: new Map(kept.sessions.map(([address, record]) => [address, fromBase64(record)])),
    senderKeys: new Map(kept.senderKeys?.map(([name, record]) => [name, fromBase64(record)])),
    keyHolders: new Map(kept.keyHolders?.map(([group, names]) => [group, new Set(names)])),
  });
  kept.messages.forEach((message, index) => {
    const content = kept.contents?.[index];
    phone.chats.keep(message, content ? fromBase64(content) : undefined);
  });
  for (const [id, heard] of kept.receipts ?? []) phone.receipts.restore(id, heard);
  phone.script = kept.script;
  if (kept.off) phone.switch(false);
  for (const stanza of kept.off ?? []) phone.receive(decode(fromBase64(stanza)));
  for (const { id: sentId, to, message, at = 0, peer } of kept.sent) {
    if (to === undefined) continue;
    const { sent, sentPeers } = phone.outbox;
    (peer ? sentPeers : sent).restore(sentId, { to, content: fromBase64(message), at, peer });
  }
  return phone;
}

function restoreKeys(kept: KeysState): DeviceKeys {
  const { id, public: publicKey, signature } = kept.signedPreKey;
  return {
    registrationId: kept.registrationId,
    identity: fromBase64(kept.identity),
    signedPreKey: { id, public: fromBase64(publicKey), signature: fromBase64(signature) },
  };
}
