/**
 * What must be known of a serialised session record and of a first message, read from their bytes. Both are protobuf:
 * RecordStructure, SessionStructure and PreKeySignalMessage of libsignal (whatsapp-rust, wacore/libsignal, the source of
 * the wasm). The wasm itself tells nothing but whether a session is open. Held to it by test/device/signal.test.ts.
 */

/** A field as it stands in its message: its number, its whole bytes, and what they say. */
interface Field {
  readonly no: number;
  readonly raw: Uint8Array;
  /** Of a field of bytes; else empty. */
  readonly bytes: Uint8Array;
  /** Of a number; else 0. */
  readonly number: number;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const NOTHING: Uint8Array = new Uint8Array();

function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message[at++];
      // A number of more than 49 bits is none of ours.
      if (byte === undefined || scale > 2 ** 49) throw new Error('the bytes end within a number');
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const start = at;
    const tag = varint();
    const kind = tag % 8;
    let bytes = NOTHING;
    let number = 0;
    if (kind === VARINT) number = varint();
    else if (kind === BYTES) {
      const length = varint();
      bytes = message.subarray(at, at + length);
      at += length;
    } else if (kind === FIXED64) at += 8;
    else if (kind === FIXED32) at += 4;
    else throw new Error(`a field of an unknown kind ${kind}`);
    if (at > message.length) throw new Error('the bytes end within a field');
    yield { no: Math.floor(tag / 8), raw: message.subarray(start, at), bytes, number };
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** One session of a record. `baseKey` (33 bytes) is what the one who began it made for it: it names the session. */
export interface Session {
  readonly bytes: Uint8Array;
  readonly baseKey: Uint8Array;
  readonly registrationId: number;
  /** The identity of the other side, hex. */
  readonly identity: string;
}

/** A record: the session that is written with, and earlier ones that are still understood, the latest first. */
export interface Sessions {
  readonly current: Session | undefined;
  readonly previous: readonly Session[];
}

const CURRENT_SESSION = 1;
const PREVIOUS_SESSION = 2;
const REMOTE_IDENTITY = 3;
const REMOTE_REGISTRATION_ID = 10;
const ALICE_BASE_KEY = 13;

function sessionOf(bytes: Uint8Array): Session {
  let baseKey = NOTHING;
  let identity = '';
  let registrationId = 0;
  for (const field of fieldsOf(bytes)) {
    if (field.no === ALICE_BASE_KEY) baseKey = field.bytes;
    else if (field.no === REMOTE_IDENTITY) identity = hex(field.bytes);
    else if (field.no === REMOTE_REGISTRATION_ID) registrationId = field.number;
  }
  return { bytes, baseKey, identity, registrationId };
}

/** Throws when the bytes are no record. */
export function readSessions(record: Uint8Array): Sessions {
  let current: Session | undefined;
  const previous: Session[] = [];
  for (const { no, bytes } of fieldsOf(record)) {
    if (no === CURRENT_SESSION && bytes.length > 0) current = sessionOf(bytes);
    else if (no === PREVIOUS_SESSION) previous.push(sessionOf(bytes));
  }
  return { current, previous };
}

function field(no: number, bytes: Uint8Array): Buffer {
  const length: number[] = [];
  for (let rest = bytes.length; ; rest = Math.floor(rest / 128)) {
    length.push(rest < 128 ? rest : (rest % 128) + 128);
    if (rest < 128) break;
  }
  return Buffer.concat([Buffer.of(no * 8 + BYTES, ...length), bytes]);
}

/**
 * Earlier sessions kept. The wasm keeps 40, at 0.4 KB each, in every write of the record; what was sent on the sixth
 * last session has long been asked for again. And not many bytes of them: who skips 2,000 messages at a time, on purpose,
 * makes a session of ours hold the keys of all of them.
 */
const PREVIOUS_KEPT = 5;
const PREVIOUS_BYTES = 65_536;

export function writeSessions({ current, previous }: Sessions): Buffer {
  const parts = current ? [field(CURRENT_SESSION, current.bytes)] : [];
  let room = PREVIOUS_BYTES;
  for (const { bytes } of previous.slice(0, PREVIOUS_KEPT)) {
    room -= bytes.length;
    if (room >= 0) parts.push(field(PREVIOUS_SESSION, bytes));
  }
  return Buffer.concat(parts);
}

/** The current session, then the earlier ones. */
export const inOrder = ({ current, previous }: Sessions): Session[] => [
  ...(current ? [current] : []),
  ...previous,
];

export const sameSession = (one: Session, other: Session) => Buffer.compare(one.baseKey, other.baseKey) === 0;

/** What a first message (PreKeySignalMessage) tells of itself in clear. */
export interface FirstMessage {
  readonly preKeyId: number | undefined;
  readonly baseKey: Uint8Array;
  /** 33 bytes. */
  readonly identityKey: Uint8Array;
}

const PRE_KEY_ID = 1;
const BASE_KEY = 2;
const IDENTITY_KEY = 3;

/** Behind its byte of version. `undefined` when it is no such message: the wasm will say so. */
export function readFirstMessage(ciphertext: Uint8Array): FirstMessage | undefined {
  let preKeyId: number | undefined;
  let baseKey = NOTHING;
  let identityKey = NOTHING;
  try {
    for (const { no, bytes, number } of fieldsOf(ciphertext.subarray(1)))
      if (no === PRE_KEY_ID) preKeyId = number;
      else if (no === BASE_KEY) baseKey = bytes;
      else if (no === IDENTITY_KEY) identityKey = bytes;
  } catch {
    return undefined;
  }
  return { preKeyId, baseKey, identityKey };
}
