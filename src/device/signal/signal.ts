/**
 * Signal's ciphers: every function takes a record as it is stored and gives the record to store next. Nothing in here
 * reads or writes the store. The wasm runs all its calls in one queue of its own, in whatever asynchronous context it
 * was woken, so a callback of it could end up in another device's unit of work; here its callbacks see plain values.
 */
import type { SignalCreds } from '@whiskeysockets/baileys';
import {
  GroupCipher,
  GroupSessionBuilder,
  type PreKeyBundleInput,
  ProtocolAddress,
  SenderKeyDistributionMessage,
  SenderKeyName,
  SessionBuilder,
  SessionCipher,
  type SessionRecord,
  type SignalStorage,
} from 'whatsapp-rust-bridge';
import {
  inOrder,
  readFirstMessage,
  readSessions,
  type Session,
  type Sessions,
  writeSessions,
} from '../../lib/session-record.ts';
import { Undecryptable, undecryptable } from './undecryptable.ts';

/** A device of a person: `user` or `user_domain`, and its number. */
export interface Address {
  readonly name: string;
  readonly device: number;
}

/** The credentials that the ciphers need. */
export type Own = SignalCreds;

interface Pair {
  readonly public: Uint8Array;
  readonly private: Uint8Array;
}

/** The one-time pre-key that a message names, if it is there. */
export interface PreKey {
  readonly id: number;
  readonly pair: Pair;
}

export interface Decrypted {
  readonly plaintext: Buffer;
  /** The record to store. */
  readonly record: Uint8Array;
  /** The one-time pre-key that was used up. */
  readonly usedPreKey: number | undefined;
  /** Whether the message has begun a session. */
  readonly began: boolean;
}

/** The wasm's message types: 3 is a first message, which carries the pre-keys. */
const PRE_KEY_MESSAGE = 3;

/** Public keys carry the type byte 5 in Signal and none in Baileys' credentials. */
const typed = (key: Uint8Array) => (key.length === 33 ? key : Buffer.concat([Buffer.of(5), key]));
const inWasm = (pair: Pair) => ({ pubKey: typed(pair.public), privKey: pair.private });

/** What one call of the wasm reads, and what it leaves. */
class Scratch implements SignalStorage {
  readonly #own: Own;
  readonly #preKey: PreKey | undefined;
  record: Uint8Array | undefined;
  usedPreKey: number | undefined;

  constructor(own: Own, record: Uint8Array | undefined, preKey?: PreKey) {
    this.#own = own;
    this.record = record;
    this.#preKey = preKey;
  }

  /** The record that a successful call has left. */
  get left(): Uint8Array {
    if (!this.record) throw new Error('the cipher has left no record');
    return this.record;
  }

  loadSession() {
    return this.record;
  }

  storeSession(_address: string, record: SessionRecord) {
    this.record = record.serialize();
    record.free();
  }

  loadSenderKey() {
    return this.record;
  }

  storeSenderKey(_name: string, record: Uint8Array) {
    this.record = record;
  }

  getOurIdentity() {
    return inWasm(this.#own.signedIdentityKey);
  }

  getOurRegistrationId() {
    return this.#own.registrationId;
  }

  /** As WhatsApp's own clients: whoever the server says has that number. */
  isTrustedIdentity() {
    return true;
  }

  loadPreKey(id: number) {
    return this.#preKey?.id === id ? inWasm(this.#preKey.pair) : undefined;
  }

  removePreKey(id: number) {
    this.usedPreKey = id;
  }

  loadSignedPreKey(id: number) {
    const { keyId, keyPair, signature } = this.#own.signedPreKey;
    return id === keyId ? { keyId, keyPair: inWasm(keyPair), signature } : undefined;
  }
}

/** Baileys takes bytes for Buffers here and there; no copy. */
const buffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const addressIn = ({ name, device }: Address) => new ProtocolAddress(name, device);

/** `group::user::device`, the form that Baileys stores them under too (Signal/Group/sender-key-name.js). */
export const senderKeyId = (group: string, { name, device }: Address) => `${group}::${name}::${device}`;

/** Runs what the wasm does; its complaints become `Undecryptable`. */
async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw undecryptable(thrown);
  }
}

/** Fails with `no_session` when the record has none to write with. */
export function encrypt(own: Own, to: Address, record: Uint8Array | undefined, plaintext: Uint8Array) {
  return attempt(async () => {
    const scratch = new Scratch(own, record);
    using address = addressIn(to);
    using cipher = new SessionCipher(scratch, address);
    const { type, body } = await cipher.encrypt(plaintext);
    return {
      type: type === PRE_KEY_MESSAGE ? ('pkmsg' as const) : ('msg' as const),
      ciphertext: buffer(body),
      record: scratch.left,
    };
  });
}

export interface Encrypted {
  readonly from: Address;
  readonly type: 'pkmsg' | 'msg';
  readonly ciphertext: Uint8Array;
  readonly preKey: PreKey | undefined;
}

/**
 * Fails with `Undecryptable`; then nothing has changed. The wasm sees one session at a time: given several it steps
 * each that it tries a message on, and stores those that did not fit in that state (0.5.4: of two people who write to
 * each other first at the same time, one soon cannot read the other).
 */
export async function decrypt(
  own: Own,
  record: Uint8Array | undefined,
  message: Encrypted,
): Promise<Decrypted> {
  const sessions: Sessions = record ? readSessions(record) : { current: undefined, previous: [] };
  const all = inOrder(sessions);
  if (message.type === 'pkmsg') {
    const baseKey = readFirstMessage(message.ciphertext)?.baseKey;
    const known = all.find(session => baseKey && Buffer.compare(session.baseKey, baseKey) === 0);
    if (!known) {
      const { updated, ...done } = await decryptOn(own, undefined, message);
      return { ...done, record: writeSessions({ current: updated, previous: all }), began: true };
    }
    return settle(sessions, known, await decryptOn(own, known, message));
  }
  let failure: Undecryptable | undefined;
  for (const session of all) {
    try {
      return settle(sessions, session, await decryptOn(own, session, message));
    } catch (error) {
      if (!(error instanceof Undecryptable)) throw error;
      if (!failure || error.reason === 'duplicate') failure = error;
    }
  }
  throw failure ?? new Undecryptable('no_session');
}

interface Stepped extends Pick<Decrypted, 'plaintext' | 'usedPreKey'> {
  /** The session that has decrypted, one step further. */
  readonly updated: Session;
}

async function decryptOn(
  own: Own,
  session: Session | undefined,
  { from, type, ciphertext, preKey }: Encrypted,
): Promise<Stepped> {
  const scratch = new Scratch(own, session && writeSessions({ current: session, previous: [] }), preKey);
  const plain = await attempt(async () => {
    using address = addressIn(from);
    using cipher = new SessionCipher(scratch, address);
    return type === 'pkmsg'
      ? await cipher.decryptPreKeyWhisperMessage(ciphertext)
      : await cipher.decryptWhisperMessage(ciphertext);
  });
  return { plaintext: buffer(plain), usedPreKey: scratch.usedPreKey, updated: currentOf(scratch.left) };
}

function currentOf(record: Uint8Array): Session {
  const { current } = readSessions(record);
  if (!current) throw new Error('the cipher has left no session');
  return current;
}

/**
 * The session that decrypted becomes the one that is written with, as Signal has it. Not so when it is an earlier one
 * with another identity: a late message from before a person reinstalled must not lead us back to keys that are gone.
 */
function settle({ current, previous }: Sessions, used: Session, { updated, ...done }: Stepped): Decrypted {
  const others = previous.filter(session => session !== used);
  const stays = current && current !== used && current.identity !== used.identity;
  const left = current && current !== used ? [current, ...others] : others;
  const settled = stays ? { current, previous: [updated, ...others] } : { current: updated, previous: left };
  return { ...done, record: writeSessions(settled), began: false };
}

/** A session from the keys that the server holds of somebody. Fails with `bad_signature` when they are not theirs. */
export async function startSession(
  own: Own,
  to: Address,
  record: Uint8Array | undefined,
  bundle: PreKeyBundleInput,
): Promise<Uint8Array> {
  const scratch = new Scratch(own, undefined);
  await attempt(async () => {
    using address = addressIn(to);
    using builder = new SessionBuilder(scratch, address);
    const { registrationId, identityKey, signedPreKey, preKey } = bundle;
    await builder.processPreKeyBundle({
      registrationId,
      identityKey: typed(identityKey),
      signedPreKey: { ...signedPreKey, publicKey: typed(signedPreKey.publicKey) },
      preKey: preKey && { ...preKey, publicKey: typed(preKey.publicKey) },
    });
  });
  return writeSessions({
    current: currentOf(scratch.left),
    previous: record ? inOrder(readSessions(record)) : [],
  });
}

/** Our sender key of a group as its members need it, made when there is none. */
export function distribution(own: Own, group: string, self: Address, record: Uint8Array | undefined) {
  return attempt(async () => {
    const scratch = new Scratch(own, record);
    using address = addressIn(self);
    using name = new SenderKeyName(group, address);
    using builder = new GroupSessionBuilder(scratch);
    using message = await builder.create(name);
    return { message: buffer(message.serialize()), record: scratch.left };
  });
}

export function encryptGroup(
  own: Own,
  group: string,
  self: Address,
  record: Uint8Array,
  plaintext: Uint8Array,
) {
  return attempt(async () => {
    const scratch = new Scratch(own, record);
    using address = addressIn(self);
    using cipher = new GroupCipher(scratch, group, address);
    return { ciphertext: buffer(await cipher.encrypt(plaintext)), record: scratch.left };
  });
}

/**
 * What is older than the key's first message is for the wasm the same as what was read before. Here it is `no_sender_key`:
 * it may never have been read, for the message that brought an earlier key may have been lost, and it must be asked for
 * again. What was read before is known to the inbox.
 */
export async function decryptGroup(
  own: Own,
  group: string,
  from: Address,
  record: Uint8Array | undefined,
  ciphertext: Uint8Array,
) {
  try {
    return await attempt(async () => {
      const scratch = new Scratch(own, record);
      using address = addressIn(from);
      using cipher = new GroupCipher(scratch, group, address);
      return { plaintext: buffer(await cipher.decrypt(ciphertext)), record: scratch.left };
    });
  } catch (error) {
    if (!(error instanceof Undecryptable) || error.reason !== 'duplicate') throw error;
    throw new Undecryptable('no_sender_key', error.cause);
  }
}

/** The record with the sender key that somebody gave us. A key that is known stays where it is. */
export function takeSenderKey(
  own: Own,
  group: string,
  from: Address,
  record: Uint8Array | undefined,
  message: Uint8Array,
): Promise<Uint8Array> {
  return attempt(async () => {
    const scratch = new Scratch(own, record);
    using address = addressIn(from);
    using name = new SenderKeyName(group, address);
    using builder = new GroupSessionBuilder(scratch);
    using distributed = SenderKeyDistributionMessage.deserialize(message);
    await builder.process(name, distributed);
    return scratch.left;
  });
}
