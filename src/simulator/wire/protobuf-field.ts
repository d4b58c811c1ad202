// One field of a protobuf message that Baileys' schema does not have: appended to what it encodes, it is part of that.

/** A length-delimited field: bytes, a text, or an encoded message. */
export function bytesField(number: number, data: Uint8Array): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(data.length), data]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
