// What looks like a Signal message to everybody who has no key: the server's ledger reads its public header.
import { randomBytes } from 'node:crypto';

const VERSION_3 = 0x33;
const KEY_TYPE_DJB = 5;
const MAC_LENGTH = 8;

/** One sender's chain: every ciphertext names another message key (protocol.md 8; libsignal's SignalMessage). */
export class CiphertextChain {
  readonly #head: Buffer;
  readonly #tail: Buffer;
  #counter = 0;

  /** `size` is the length of the sealed text; 80 bytes are a line. */
  constructor(size = 80) {
    this.#head = Buffer.concat([Buffer.of(VERSION_3, 0x0a, 33, KEY_TYPE_DJB), randomBytes(32)]);
    const previous = [0x18, 0];
    this.#tail = Buffer.concat([
      Buffer.of(...previous, 0x22, ...varint(size)),
      randomBytes(size + MAC_LENGTH),
    ]);
  }

  next(): Buffer {
    return Buffer.concat([this.#head, Buffer.of(0x10, ...varint(this.#counter++)), this.#tail]);
  }
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  return [...bytes, rest];
}
