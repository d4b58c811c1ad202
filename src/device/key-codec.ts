/**
 * How Signal state is written to a row and read back. Everything is as small as it can be without a format of our own:
 * fixed-length keys raw, strings as they are, the rest as JSON. Records are pruned here, because libsignal never does.
 */
import { BufferJSON, proto, type SignalDataTypeMap } from '@whiskeysockets/baileys';

export type Kind = keyof SignalDataTypeMap;
export type Value<K extends Kind = Kind> = SignalDataTypeMap[K];

/** Receiving chains and closed sessions kept per session record: late messages of the last few turns still decrypt. */
const CHAINS_KEPT = 5;
const CLOSED_KEPT = 3;
const RECEIVING = 2;

interface Chain {
  readonly chainKey: { readonly counter: number; readonly key?: string };
  readonly chainType: number;
  readonly messageKeys: Readonly<Record<string, string>>;
}

interface Session {
  readonly indexInfo: { readonly closed: number };
  readonly _chains: Record<string, Chain>;
}

/** libsignal's SessionRecord as `serialize()` makes it (libsignal/src/session_record.js). */
export interface SessionRecord {
  readonly _sessions: Record<string, Session>;
  readonly version: string;
}

/**
 * Drops what can no longer decrypt anything. Unpruned, a record grows by one chain per turn of a conversation and by one
 * session per re-initialisation: 4 KB after 30 turns, 108 KB after 1,020.
 */
export function pruneSession(record: SessionRecord): SessionRecord {
  const entries = Object.entries(record._sessions);
  const open = entries.filter(([, session]) => session.indexInfo.closed === -1);
  const closed = entries
    .filter(([, session]) => session.indexInfo.closed !== -1)
    .sort(([, a], [, b]) => b.indexInfo.closed - a.indexInfo.closed)
    .slice(0, CLOSED_KEPT);
  for (const [, session] of [...open, ...closed]) {
    const receiving = Object.entries(session._chains).filter(([, chain]) => chain.chainType === RECEIVING);
    const dead = receiving.filter(
      ([, chain]) => !chain.chainKey.key && Object.keys(chain.messageKeys).length === 0,
    );
    const old = receiving.slice(0, -CHAINS_KEPT);
    for (const [id] of [...dead, ...old]) delete session._chains[id];
  }
  return { ...record, _sessions: Object.fromEntries([...open, ...closed]) };
}

interface SenderKeyState {
  readonly senderSigningKey?: { readonly private?: Buffer };
  senderMessageKeys?: unknown[];
}

/** Bytes in JSON, as base64 or as a list of numbers. */
const revive = (_name: string, value: { type?: unknown; data?: string } | null) =>
  value?.type === 'Buffer' ? Buffer.from(value.data ?? '', 'base64') : value;

/**
 * A sender's own chain keeps every message key it ever used, 288 KB after 1,720 messages; only a receiver needs them, for
 * messages that overtook each other. (A receiver's record has an empty private key, not none.) Bytes become base64:
 * smaller, and the only form that Baileys reads back as bytes. From the lists of numbers that it writes, the message
 * keys return as objects, and a group message that was overtaken never decrypts.
 */
function pruneSenderKey(record: Uint8Array): Buffer {
  const states = JSON.parse(bytes(record).toString('utf8'), revive) as SenderKeyState[];
  for (const state of states) if (state.senderSigningKey?.private?.length) state.senderMessageKeys = [];
  return Buffer.from(JSON.stringify(states, BufferJSON.replacer));
}

const bytes = (value: Uint8Array) => Buffer.from(value.buffer, value.byteOffset, value.byteLength);
const text = (value: unknown) => Buffer.from(JSON.stringify(value));
const parsed = <T>(row: Buffer) => JSON.parse(row.toString('utf8')) as T;

interface Codec<K extends Kind> {
  encode(value: Value<K>): Buffer;
  decode(row: Buffer): Value<K>;
  /**
   * For a value that Baileys changes in place after reading it: every reader gets a copy. (structuredClone makes a plain
   * Uint8Array of a Buffer, whose toString('base64') is a list of decimals.)
   */
  copy?(value: Value<K>): Value<K>;
}

const codecs: { readonly [K in Kind]: Codec<K> } = {
  'pre-key': {
    encode: pair => Buffer.concat([pair.public, pair.private]),
    decode: row => ({ public: row.subarray(0, row.length - 32), private: row.subarray(row.length - 32) }),
  },
  // Baileys types a session as bytes and stores libsignal's plain object.
  session: { encode: text, decode: row => parsed(row) },
  'sender-key': { encode: bytes, decode: row => row },
  'sender-key-memory': { encode: text, decode: row => parsed(row), copy: value => ({ ...value }) },
  'app-state-sync-key': {
    encode: key => Buffer.from(proto.Message.AppStateSyncKeyData.encode(key).finish()),
    decode: row => proto.Message.AppStateSyncKeyData.decode(row),
  },
  'app-state-sync-version': {
    encode: ({ version, hash, indexValueMap }) =>
      text({
        version,
        hash: hash.toString('base64'),
        index: Object.fromEntries(
          Object.entries(indexValueMap).map(([mac, { valueMac }]) => [
            mac,
            bytes(valueMac).toString('base64'),
          ]),
        ),
      }),
    decode: row => {
      const { version, hash, index } = parsed<{
        version: number;
        hash: string;
        index: Record<string, string>;
      }>(row);
      const indexValueMap = Object.fromEntries(
        Object.entries(index).map(([mac, value]) => [mac, { valueMac: Buffer.from(value, 'base64') }]),
      );
      return { version, hash: Buffer.from(hash, 'base64'), indexValueMap };
    },
    copy: ({ version, hash, indexValueMap }) => ({
      version,
      hash: Buffer.from(hash),
      indexValueMap: { ...indexValueMap },
    }),
  },
  'lid-mapping': { encode: value => Buffer.from(value), decode: row => row.toString('utf8') },
  'device-list': { encode: text, decode: row => parsed(row), copy: value => [...value] },
  tctoken: {
    encode: value => text({ ...value, token: bytes(value.token).toString('base64') }),
    decode: row => {
      const value = parsed<Omit<Value<'tctoken'>, 'token'> & { token: string }>(row);
      return { ...value, token: Buffer.from(value.token, 'base64') };
    },
    copy: value => ({ ...value }),
  },
  'identity-key': { encode: bytes, decode: row => row },
};

export function encode<K extends Kind>(kind: K, value: Value<K>): Buffer {
  return codecs[kind].encode(value);
}

export function decode<K extends Kind>(kind: K, row: Buffer): Value<K> {
  return codecs[kind].decode(row);
}

/** The value as a reader may have it: a copy where Baileys writes into what it reads. */
export function handOut<K extends Kind>(kind: K, value: Value<K>): Value<K> {
  return codecs[kind].copy?.(value) ?? value;
}

/** The value as it is kept: a session or a sender key pruned, a mutable one copied away from its writer. */
export function takeIn<K extends Kind>(kind: K, value: Value<K>): Value<K> {
  if (kind === 'sender-key') return pruneSenderKey(value as Uint8Array) as unknown as Value<K>;
  if (kind === 'session') return pruneSession(value as unknown as SessionRecord) as unknown as Value<K>;
  return handOut(kind, value);
}

/** About how much memory a kept value takes, in bytes: bounds the cache, so a rough figure will do. */
export function weigh(kind: Kind, value: Value | null): number {
  if (value === null) return 64;
  if (kind === 'session') {
    const sessions = Object.values((value as unknown as SessionRecord)._sessions);
    return 256 + sessions.reduce((sum, session) => sum + 900 + 450 * Object.keys(session._chains).length, 0);
  }
  if (typeof value === 'string') return 64 + value.length;
  if (value instanceof Uint8Array) return 128 + value.byteLength;
  if (Array.isArray(value)) return 128 + 32 * value.length;
  return 512 + 96 * Object.keys(value).length;
}
