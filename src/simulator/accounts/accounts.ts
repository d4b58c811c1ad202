// Who exists: accounts (a phone number with its LID), their devices, and what the server stores for each.
// Lookups that traffic needs (by noise key, by JID, by push name) are maps; nothing here walks a list per stanza.
import { createHash } from 'node:crypto';
import { Mailbox } from '../delivery/mailbox.ts';
import type { Phone } from '../phone/phone.ts';
import type { Connection } from '../wire/connection.ts';
import { generateKeyPair, type KeyPair } from '../wire/crypto.ts';
import { type Domain, jid, parseJid } from '../wire/jid.ts';

/** A one-time prekey as uploaded: 24-bit id, 32-byte public key. */
export interface PreKey {
  readonly id: number;
  readonly public: Uint8Array;
}

export interface SignedPreKey extends PreKey {
  readonly signature: Uint8Array;
}

/** What a device registers with the server and others fetch to open a session. */
export interface DeviceKeys {
  readonly registrationId: number;
  /** 32 bytes. */
  readonly identity: Uint8Array;
  signedPreKey: SignedPreKey;
}

/** Device 0 is the phone itself; 1, 2, ... are linked companions. The key index equals the id. */
export interface Device {
  readonly account: Account;
  readonly id: number;
  keys: DeviceKeys;
  /** Companions only: base64 of the noise static key that logs in. */
  readonly noiseKey: string | undefined;
  /** Companions only: encoded ADVSignedDeviceIdentity with both signatures. */
  readonly signedIdentity: Uint8Array | undefined;
  /** Companions only: the encoded DeviceProps of its registration; absent for ready-made ones. */
  readonly props: Uint8Array | undefined;
  /** First in, first out; handed out once. The phone's are made on demand by the phone. */
  preKeys: PreKey[];
  readonly mailbox: Mailbox;
  /** Device 0 only. */
  readonly phone: Phone | undefined;
  connection: Connection | undefined;
  logins: number;
  lastClose: string | undefined;
  /** The phone has sent history and app-state keys. */
  bootstrapped: boolean;
  available: boolean;
}

export interface Account {
  /** Digits. */
  phone: string;
  /** Digits of the LID user. */
  lid: string;
  name: string;
  /** ADV raw id: one number per account. */
  readonly rawId: number;
  /** The phone's Signal identity, which is also the account signature key of ADV. A reinstalled phone has a new one. */
  identity: KeyPair;
  /** The key index list as it was signed last, and for which indexes and identity that was (adv.ts). */
  keyIndexes?: { readonly of: string; readonly signer: KeyPair; readonly signed: Uint8Array };
  readonly devices: Map<number, Device>;
  nextDeviceId: number;
  /** Accounts that were told this account's device list, hence hear of changes (protocol.md 8.5). */
  readonly watchers: Set<Account>;
}

export interface NewDevice {
  readonly keys: DeviceKeys;
  readonly noiseKey: Uint8Array;
  readonly signedIdentity: Uint8Array;
  readonly preKeys?: PreKey[];
  readonly props?: Uint8Array | undefined;
}

export class Accounts {
  readonly #byPhone = new Map<string, Account>();
  readonly #byLid = new Map<string, Account>();
  readonly #byName = new Map<string, Account>();
  readonly #byNoiseKey = new Map<string, Device>();
  #generated = 0;

  all(): IterableIterator<Account> {
    return this.#byPhone.values();
  }

  byPhone(phone: string): Account | undefined {
    return this.#byPhone.get(phone);
  }

  byUser(user: string, domain: Domain): Account | undefined {
    return (domain === 'lid' ? this.#byLid : this.#byPhone).get(user);
  }

  byName(name: string): Account | undefined {
    return this.#byName.get(name);
  }

  /** The account of a JID in either form, with or without a device. */
  byJid(text: string | undefined): Account | undefined {
    const parsed = parseJid(text);
    return parsed && this.byUser(parsed.user, parsed.domain);
  }

  /** The device of a full JID in either form. */
  device(text: string | undefined): Device | undefined {
    const parsed = parseJid(text);
    return parsed && this.byUser(parsed.user, parsed.domain)?.devices.get(parsed.device);
  }

  /** The LID that this number has, or would get. */
  lidOf(phone: string): string {
    return this.#byPhone.get(phone)?.lid ?? this.#freshLid(phone);
  }

  byNoiseKey(key: Uint8Array): Device | undefined {
    return this.#byNoiseKey.get(Buffer.from(key).toString('base64'));
  }

  /** A number nobody has: derived from `seed` where one is given, so that the same name gets the same number. */
  freshPhone(seed?: string): string {
    for (let attempt = 0; ; attempt++) {
      const phone =
        seed === undefined
          ? `1555${String(++this.#generated).padStart(7, '0')}`
          : `1666${digits(`${seed}/${attempt}`, 8)}`;
      if (!this.#byPhone.has(phone)) return phone;
    }
  }

  /** Adds an account with what is given; the phone (device 0) is added by its maker. */
  add(given: { phone: string; name: string; lid?: string; rawId?: number; identity?: KeyPair }): Account {
    const account: Account = {
      phone: given.phone,
      lid: given.lid ?? this.#freshLid(given.phone),
      name: given.name,
      rawId: given.rawId ?? Number(digits(`raw/${given.phone}`, 8)),
      identity: given.identity ?? generateKeyPair(),
      devices: new Map(),
      nextDeviceId: 1,
      watchers: new Set(),
    };
    this.#byPhone.set(account.phone, account);
    this.#byLid.set(account.lid, account);
    if (!this.#byName.has(account.name)) this.#byName.set(account.name, account);
    return account;
  }

  /** Another number, and with it another LID. Its companions must have been removed before. */
  renumber(account: Account, phone: string): void {
    this.#byPhone.delete(account.phone);
    this.#byLid.delete(account.lid);
    account.phone = phone;
    account.lid = this.#freshLid(phone);
    this.#byPhone.set(account.phone, account);
    this.#byLid.set(account.lid, account);
  }

  rename(account: Account, name: string): void {
    if (account.name === name) return;
    if (this.#byName.get(account.name) === account) this.#byName.delete(account.name);
    account.name = name;
    if (!this.#byName.has(name)) this.#byName.set(name, account);
  }

  /** Forgets an account. Its companions must have been removed before. */
  remove(account: Account): void {
    this.#byPhone.delete(account.phone);
    this.#byLid.delete(account.lid);
    if (this.#byName.get(account.name) === account) this.#byName.delete(account.name);
    for (const other of this.all()) other.watchers.delete(account);
  }

  /** The id of the account's next companion, used once; undefined when there is none left (one byte on the wire). */
  takeDeviceId(account: Account): number | undefined {
    return account.nextDeviceId > 255 ? undefined : account.nextDeviceId++;
  }

  addPhone(account: Account, phone: Phone, keys: DeviceKeys): Device {
    const device = blankDevice(account, 0, keys, { phone });
    account.devices.set(0, device);
    return device;
  }

  /** Adds a companion. Its id was taken before, because the ADV structures name it. */
  addCompanion(account: Account, id: number, given: NewDevice): Device {
    const noiseKey = Buffer.from(given.noiseKey).toString('base64');
    const { signedIdentity, props } = given;
    const device = blankDevice(account, id, given.keys, { noiseKey, signedIdentity, props });
    device.preKeys = given.preKeys ?? [];
    account.nextDeviceId = Math.max(account.nextDeviceId, id + 1);
    account.devices.set(id, device);
    this.#byNoiseKey.set(noiseKey, device);
    return device;
  }

  removeCompanion(device: Device): void {
    device.account.devices.delete(device.id);
    if (device.noiseKey !== undefined) this.#byNoiseKey.delete(device.noiseKey);
  }

  // Real LIDs have about 15 digits and say nothing of the number; ours only have to be stable and unique.
  #freshLid(phone: string): string {
    for (let attempt = 0; ; attempt++) {
      const lid = `1${digits(`lid/${phone}/${attempt}`, 14)}`;
      if (!this.#byLid.has(lid)) return lid;
    }
  }
}

/** The linked devices of an account: all but the phone. A list of its own, so that they can be unlinked on the way. */
export function companionsOf(account: Account): Device[] {
  return [...account.devices.values()].filter(device => device.id !== 0);
}

/** The phone of an account; undefined only while that is being made. */
export function ownPhone(account: Account): Phone | undefined {
  return account.devices.get(0)?.phone;
}

/** The JID of a device, or of its account with `device` 0, in the asked form. */
export function deviceJid(device: Device, domain: Domain = 's.whatsapp.net'): string {
  return jid(userIn(device.account, domain), domain, device.id);
}

export function accountJid(account: Account, domain: Domain = 's.whatsapp.net'): string {
  return jid(userIn(account, domain), domain);
}

function userIn(account: Account, domain: Domain): string {
  return domain === 'lid' ? account.lid : account.phone;
}

function blankDevice(
  account: Account,
  id: number,
  keys: DeviceKeys,
  kind: { phone?: Phone; noiseKey?: string; signedIdentity?: Uint8Array; props?: Uint8Array | undefined },
): Device {
  return {
    account,
    id,
    keys,
    noiseKey: kind.noiseKey,
    signedIdentity: kind.signedIdentity,
    props: kind.props,
    phone: kind.phone,
    preKeys: [],
    mailbox: new Mailbox(),
    connection: undefined,
    logins: 0,
    lastClose: undefined,
    bootstrapped: false,
    available: false,
  };
}

function digits(seed: string, count: number): string {
  const number = createHash('sha256').update(seed).digest().readBigUInt64BE(0);
  return number.toString().padStart(20, '0').slice(-count);
}
