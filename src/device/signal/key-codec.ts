/**
 * How Signal state is written to a row and read back. Everything is as small as it can be without a format of our own:
 * records and keys raw, strings as they are, the rest as JSON.
 */
import { proto, type SignalDataTypeMap } from '@whiskeysockets/baileys';

export type Kind = keyof SignalDataTypeMap;
export type Value<K extends Kind = Kind> = SignalDataTypeMap[K];

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
  session: { encode: bytes, decode: row => row },
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

/** The value as a reader may have it, or as it is kept: a copy where Baileys writes into what it read or wrote. */
export function handOut<K extends Kind>(kind: K, value: Value<K>): Value<K> {
  return codecs[kind].copy?.(value) ?? value;
}

/**
 * Kinds that Baileys writes again and again without a change: who has our sender key at every text to a group
 * (Socket/messages-send.js), devices and mappings at every look-up.
 */
const oftenUnchanged: ReadonlySet<Kind> = new Set([
  'sender-key-memory',
  'device-list',
  'lid-mapping',
  'tctoken',
  'identity-key',
]);

/** Whether writing `value` over `known` would change nothing. Records change with each step, so they are not compared. */
export function isUnchanged<K extends Kind>(kind: K, value: Value<K>, known: Value<K>): boolean {
  return oftenUnchanged.has(kind) && encode(kind, value).equals(encode(kind, known));
}

/** About how much memory a kept value takes, in bytes, not less than its row: bounds the cache, so a rough figure will do. */
export function weigh(value: Value | null): number {
  if (value === null) return 64;
  if (typeof value === 'string') return 64 + 2 * value.length;
  if (value instanceof Uint8Array) return 128 + value.byteLength;
  if (Array.isArray(value)) return 128 + 32 * value.length;
  // Only the index of an app state collection is large: an entry is a string of 44 characters and a Buffer of 32 bytes.
  if ('indexValueMap' in value) return 1_024 + 384 * Object.keys(value.indexValueMap).length;
  return 512 + 96 * Object.keys(value).length;
}
