// A phone's Signal state: identity, prekeys and one session per other device. Real sessions, by the wasm's libsignal.
import { randomInt } from 'node:crypto';
import {
  GroupCipher,
  GroupSessionBuilder,
  ProtocolAddress,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SessionBuilder,
  SessionCipher,
  type SessionRecord,
  type SignalStorage,
} from 'whatsapp-rust-bridge';
import { inOrder, readFirstMessage, readSessions, writeSessions } from '../../lib/session-record.ts';
import type { Device, DeviceKeys, PreKey } from '../accounts/accounts.ts';
import { forgetOldest } from '../bounded.ts';
import { generateKeyPair, type KeyPair, sign, typed } from '../wire/crypto.ts';

/** What a phone keeps; plain data, so that it can be stored. */
export interface SignalState {
  readonly registrationId: number;
  readonly signedPreKey: { readonly id: number; readonly pair: KeyPair; readonly signature: Uint8Array };
  readonly preKeys: Map<number, KeyPair>;
  nextPreKeyId: number;
  /** Serialised session records by address. */
  readonly sessions: Map<string, Uint8Array>;
  /** Serialised sender keys, own and others', by group and address. */
  readonly senderKeys: Map<string, Uint8Array>;
  /** By group: the addresses that have this phone's sender key. */
  readonly keyHolders: Map<string, Set<string>>;
}

/** What a session is started from. */
export interface SessionKeys extends DeviceKeys {
  readonly oneTime: PreKey | undefined;
}

export interface Sealed {
  readonly type: 'pkmsg' | 'msg';
  readonly ciphertext: Uint8Array;
}

// The wasm's message types: 3 is a PreKeySignalMessage, everything else a plain SignalMessage.
const PRE_KEY_MESSAGE = 3;
const MAX_PRE_KEY_ID = 0xff_ffff;
/** Of those that were handed out and not used yet; the oldest go first. */
const KEPT_PRE_KEYS = 2_000;

/** The state of a phone that has talked to nobody; one that had another before goes on with its numbers. */
export function freshSignalState(identity: KeyPair, nextPreKeyId = 1): SignalState {
  let signedPreKey: SignalState['signedPreKey'] | undefined;
  return {
    registrationId: randomInt(1, 16_380),
    // Made when somebody wants it: of thousands of phones most are never written to.
    get signedPreKey() {
      signedPreKey ??= newSignedPreKey(identity);
      return signedPreKey;
    },
    preKeys: new Map(),
    nextPreKeyId,
    sessions: new Map(),
    senderKeys: new Map(),
    keyHolders: new Map(),
  };
}

function newSignedPreKey(identity: KeyPair): SignalState['signedPreKey'] {
  const pair = generateKeyPair();
  return { id: 1, pair, signature: sign(identity.private, typed(pair.public)) };
}

/** Not re-entrant per address: its owner calls one operation at a time. */
export class PhoneSignal {
  identity: KeyPair;
  state: SignalState;
  #storage: SignalStorage;

  constructor(identity: KeyPair, state: SignalState) {
    this.identity = identity;
    this.state = state;
    this.#storage = storageOf(identity, state);
  }

  /** Nothing is left of what was: other keys, no sessions. */
  replace(identity: KeyPair, state: SignalState): void {
    this.identity = identity;
    this.state = state;
    this.#storage = storageOf(identity, state);
  }

  /** What the server publishes of this phone. */
  get keys(): DeviceKeys {
    const { state, identity } = this;
    return {
      registrationId: state.registrationId,
      get identity() {
        return identity.public;
      },
      get signedPreKey() {
        const { id, pair, signature } = state.signedPreKey;
        return { id, public: pair.public, signature };
      },
    };
  }

  /** A one-time prekey made for this one asker: a phone never runs out. */
  newPreKey(): PreKey {
    const id = this.state.nextPreKeyId;
    this.state.nextPreKeyId = id >= MAX_PRE_KEY_ID ? 1 : id + 1;
    const pair = generateKeyPair();
    this.state.preKeys.set(id, pair);
    // Baileys fetches a phone's bundle at every miss of its device cache and often sends nothing with it.
    forgetOldest(this.state.preKeys, KEPT_PRE_KEYS);
    return { id, public: pair.public };
  }

  hasSession(with_: Device): boolean {
    return this.state.sessions.has(addressName(with_));
  }

  /** The next message to this device starts a new session. */
  forgetSession(device: Device): void {
    this.state.sessions.delete(addressName(device));
  }

  /** The device is gone. */
  forget(device: Device): void {
    this.forgetSession(device);
  }

  /** The session with one device and its sender keys are lost. */
  forgetDevice(device: Device): void {
    this.forgetSession(device);
    const suffix = senderKeyId('', device);
    for (const name of this.state.senderKeys.keys())
      if (name.endsWith(suffix)) this.state.senderKeys.delete(name);
  }

  /** Sessions and sender keys of the others are lost; the own sender keys will be handed out anew. */
  forgetAll(): void {
    this.state.sessions.clear();
    this.state.senderKeys.clear();
    this.state.keyHolders.clear();
  }

  /** Starts a session from the keys that the server holds of `to`; the old one, if any, is archived in the record. */
  startSession(to: Device, oneTime: PreKey | undefined): Promise<void> {
    return this.startSessionWith(to, { ...to.keys, oneTime });
  }

  /** The same with keys from elsewhere. Throws when they are not signed by that identity. */
  async startSessionWith(
    to: Device,
    { registrationId, identity, signedPreKey, oneTime }: SessionKeys,
  ): Promise<void> {
    using address = addressOf(to);
    using builder = new SessionBuilder(this.#storage, address);
    await builder.processPreKeyBundle({
      registrationId,
      identityKey: typed(identity),
      preKey: oneTime && { keyId: oneTime.id, publicKey: typed(oneTime.public) },
      signedPreKey: {
        keyId: signedPreKey.id,
        publicKey: typed(signedPreKey.public),
        signature: signedPreKey.signature,
      },
    });
  }

  async encrypt(to: Device, plain: Uint8Array): Promise<Sealed> {
    using address = addressOf(to);
    using cipher = new SessionCipher(this.#storage, address);
    const { type, body } = await cipher.encrypt(plain);
    return { type: type === PRE_KEY_MESSAGE ? 'pkmsg' : 'msg', ciphertext: body };
  }

  /**
   * Throws when the message is not for a session there is. Given several, the wasm steps each that it tries a message on,
   * and stores those that did not fit in that state (0.5.4): no real phone does, so it sees one at a time.
   */
  async decrypt(from: Device, type: string, ciphertext: Uint8Array): Promise<Uint8Array> {
    const { sessions } = this.state;
    const name = addressName(from);
    const record = sessions.get(name);
    const all = record ? inOrder(readSessions(record)) : [];
    if (!record || all.length < 2) return this.#decrypt(from, type, ciphertext);
    const { baseKey } = (type === 'pkmsg' && readFirstMessage(ciphertext)) || {};
    const begun = all.find(session => baseKey && Buffer.compare(session.baseKey, baseKey) === 0);
    const candidates = type !== 'pkmsg' ? all : begun ? [begun] : [];
    for (const session of candidates) {
      sessions.set(name, writeSessions({ current: session, previous: [] }));
      try {
        const plain = await this.#decrypt(from, type, ciphertext);
        const { current } = readSessions(sessions.get(name) ?? record);
        sessions.set(name, writeSessions({ current, previous: all.filter(other => other !== session) }));
        return plain;
      } catch (error) {
        sessions.set(name, record);
        if (session === candidates.at(-1)) throw error;
      }
    }
    // A session that is new: the wasm only puts the others behind it.
    return this.#decrypt(from, type, ciphertext);
  }

  async #decrypt(from: Device, type: string, ciphertext: Uint8Array): Promise<Uint8Array> {
    using address = addressOf(from);
    using cipher = new SessionCipher(this.#storage, address);
    return type === 'pkmsg'
      ? await cipher.decryptPreKeyWhisperMessage(ciphertext)
      : await cipher.decryptWhisperMessage(ciphertext);
  }

  /**
   * Those of `members` who do not have this phone's sender key of a group (or of the statuses). A key that somebody
   * outside of `members` has is given up for a new one, as real clients do when a member or a device is gone.
   */
  withoutSenderKey(group: string, members: readonly Device[], own: Device): Device[] {
    const names = new Set(members.map(addressName));
    const holders = this.state.keyHolders.get(group);
    if (!holders) return [...members];
    for (const name of holders) {
      if (names.has(name)) continue;
      this.state.keyHolders.delete(group);
      this.state.senderKeys.delete(senderKeyId(group, own));
      return [...members];
    }
    return members.filter(member => !holders.has(addressName(member)));
  }

  gaveSenderKey(group: string, to: Device): void {
    const holders = this.state.keyHolders.get(group);
    if (holders) holders.add(addressName(to));
    else this.state.keyHolders.set(group, new Set([addressName(to)]));
  }

  /** This phone's sender key as it stands now, made when there is none. */
  async distribution(group: string, own: Device): Promise<Uint8Array> {
    using address = addressOf(own);
    using name = new SenderKeyName(group, address);
    using builder = new GroupSessionBuilder(this.#storage);
    using message = await builder.create(name);
    return message.serialize();
  }

  /** Whether this device was given this phone's sender key. */
  hasSenderKey(group: string, device: Device): boolean {
    return this.state.keyHolders.get(group)?.has(addressName(device)) === true;
  }

  async encryptGroup(group: string, own: Device, plain: Uint8Array): Promise<Uint8Array> {
    using address = addressOf(own);
    using cipher = new GroupCipher(this.#storage, group, address);
    return await cipher.encrypt(plain);
  }

  /** Throws when this phone has no key of that sender, or has used it for this message before. */
  async decryptGroup(group: string, from: Device, ciphertext: Uint8Array): Promise<Uint8Array> {
    using address = addressOf(from);
    using cipher = new GroupCipher(this.#storage, group, address);
    return await cipher.decrypt(ciphertext);
  }

  async takeSenderKey(group: string, from: Device, distribution: Uint8Array): Promise<void> {
    using address = addressOf(from);
    using name = new SenderKeyName(group, address);
    using builder = new GroupSessionBuilder(this.#storage);
    using message = SenderKeyDistributionMessage.deserialize(distribution);
    await builder.process(name, message);
  }
}

function senderKeyId(group: string, device: Device): string {
  using address = addressOf(device);
  using name = new SenderKeyName(group, address);
  return name.toString();
}

// Sessions are kept under the LID, whatever form a stanza used: it is one and the same device.
function addressOf(device: Device): ProtocolAddress {
  return new ProtocolAddress(device.account.lid, device.id);
}

function addressName(device: Device): string {
  return `${device.account.lid}.${device.id}`;
}

function storageOf(identity: KeyPair, state: SignalState): SignalStorage {
  const inWasmForm = (pair: KeyPair) => ({ pubKey: typed(pair.public), privKey: pair.private });
  return {
    loadSession: address => state.sessions.get(address),
    storeSession: (address: string, record: SessionRecord) => {
      state.sessions.set(address, record.serialize());
      record.free();
    },
    getOurIdentity: () => inWasmForm(identity),
    getOurRegistrationId: () => state.registrationId,
    // A simulated person accepts whoever the server says has that number.
    isTrustedIdentity: () => true,
    loadPreKey: id => {
      const pair = state.preKeys.get(id);
      return pair && inWasmForm(pair);
    },
    removePreKey: id => {
      state.preKeys.delete(id);
    },
    loadSignedPreKey: id => {
      const { pair, signature } = state.signedPreKey;
      return id === state.signedPreKey.id ? { keyId: id, keyPair: inWasmForm(pair), signature } : undefined;
    },
    loadSenderKey: keyId => state.senderKeys.get(keyId),
    storeSenderKey: (keyId: string, record: Uint8Array) => {
      state.senderKeys.set(keyId, record);
    },
  };
}
