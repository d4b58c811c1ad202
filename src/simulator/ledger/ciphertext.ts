// Reads the public header of a Signal message: enough to say which key it used, never what it says.

/** Field numbers of the Signal protocol's protobufs (libsignal wire format, the same in libsignal-node's
 * WhisperTextProtocol): PreKeySignalMessage.pre_key_id, .base_key and .message; SignalMessage.ratchet_key and .counter;
 * SenderKeyMessage.id and .iteration. */
const PRE_KEY_ID = 1;
const BASE_KEY = 2;
const PRE_KEY_MESSAGE = 4;
const CHAIN = 1;
const COUNTER = 2;

/** One use of a message key. */
export interface KeyUse {
  /** `msg`, `pkmsg` or `skmsg`. */
  readonly type: string;
  /** Fingerprint of the chain: the first 12 bytes of its ratchet key, base64; for a sender key its id. */
  readonly chain: string;
  /** Position in the chain. */
  readonly counter: number;
  /** The end of its MAC or signature: differs when the content does. */
  readonly mac: string;
  /** Of a pkmsg, when it used a one-time prekey: its id. */
  readonly preKey?: number | undefined;
  /** Of a pkmsg: fingerprint of the base key; all messages of one new session have the same. */
  readonly baseKey?: string | undefined;
}

/** Undefined when it is no Signal message. */
export function readKeyUse(type: string, ciphertext: Uint8Array): KeyUse | undefined {
  if (ciphertext.length < 12) return undefined;
  const data = Buffer.from(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  const fields = readFields(data.subarray(1));
  if (type === 'pkmsg') {
    const inner = fields.get(PRE_KEY_MESSAGE);
    const use = Buffer.isBuffer(inner) ? readKeyUse('msg', inner) : undefined;
    if (!use) return undefined;
    const preKey = fields.get(PRE_KEY_ID);
    const baseKey = fields.get(BASE_KEY);
    return {
      ...use,
      type,
      preKey: typeof preKey === 'number' ? preKey : undefined,
      baseKey: Buffer.isBuffer(baseKey) ? fingerprint(baseKey) : undefined,
    };
  }
  const chain = fields.get(CHAIN);
  const counter = fields.get(COUNTER) ?? 0;
  if (chain === undefined || typeof counter !== 'number') return undefined;
  return {
    type,
    chain: Buffer.isBuffer(chain) ? fingerprint(chain) : String(chain),
    counter,
    mac: data.subarray(-8).toString('base64'),
  };
}

/** Public keys have a type byte in front. */
function fingerprint(key: Buffer): string {
  return key.subarray(-32).subarray(0, 12).toString('base64');
}

/** First occurrence of each field; stops at the 8-byte MAC that follows, which is no protobuf. */
function readFields(data: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = data[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < data.length) {
    const tag = varint();
    const field = tag >>> 3;
    const kind = tag & 7;
    if (kind !== 0 && kind !== 2) break;
    const number = varint();
    const value = kind === 0 ? number : data.subarray(at, at + number);
    if (kind === 2) at += number;
    if (at > data.length) break;
    if (!fields.has(field)) fields.set(field, value);
  }
  return fields;
}
