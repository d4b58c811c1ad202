// Reads the public header of a Signal message: enough to say that two of them used the same message key.

/** Field numbers of the Signal protocol's protobufs: PreKeySignalMessage.message, SignalMessage.ratchet_key/.counter,
 * SenderKeyMessage.id/.iteration (libsignal wire format, the same in libsignal-node's WhisperTextProtocol). */
const PRE_KEY_MESSAGE = 4;
const FIRST = 1;
const SECOND = 2;

/** Identifies the message key that an `<enc>` used; undefined when it is no Signal message. Equal for equal keys. */
export function messageKeyName(type: string, ciphertext: Buffer): string | undefined {
  if (ciphertext.length < 12) return undefined;
  const fields = readFields(ciphertext.subarray(1));
  if (type === 'pkmsg') {
    const inner = fields.get(PRE_KEY_MESSAGE);
    return Buffer.isBuffer(inner) ? messageKeyName('msg', inner) : undefined;
  }
  const chain = fields.get(FIRST);
  const counter = fields.get(SECOND) ?? 0;
  if (chain === undefined) return undefined;
  return `${Buffer.isBuffer(chain) ? chain.toString('base64') : chain}:${String(counter)}`;
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
