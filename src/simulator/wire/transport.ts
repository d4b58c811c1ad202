// What both sides seal their frames with after the handshake: a key and a counter for each direction (protocol.md 1.2).
import { createCipheriv } from 'node:crypto';
import { nonce, open, seal } from './crypto.ts';
import { ProtocolError } from './protocol-error.ts';

const LENGTH_BYTES = 3;
const TAG_BYTES = 16;

// Not state: a cipher copies it when it is made.
const iv = Buffer.alloc(12);

/** Both directions after the handshake; each counts its own frames from 0. */
export class Transport {
  readonly #read: Uint8Array;
  readonly #write: Uint8Array;
  #reads = 0;
  #writes = 0;

  constructor(read: Uint8Array, write: Uint8Array) {
    this.#read = read;
    this.#write = write;
  }

  /** Throws {@link ProtocolError} when the frame was not made by this peer, or not in this order. */
  open(frame: Uint8Array): Buffer {
    try {
      return open(this.#read, nonce(this.#reads++), frame);
    } catch (error) {
      throw new ProtocolError('a frame does not authenticate', { cause: error });
    }
  }

  seal(plain: Uint8Array): Buffer {
    return seal(this.#write, nonce(this.#writes++), plain);
  }

  /** The same as a whole frame, its length in front: the way of nearly all traffic, so it copies as little as it can. */
  sealFrame(plain: Uint8Array): Buffer {
    iv.writeUInt32BE(this.#writes++, 8);
    const cipher = createCipheriv('aes-256-gcm', this.#write, iv);
    const length = plain.length + TAG_BYTES;
    const out = Buffer.allocUnsafe(LENGTH_BYTES + length);
    out.writeUIntBE(length, 0, LENGTH_BYTES);
    out.set(cipher.update(plain), LENGTH_BYTES); // GCM gives everything back at once
    cipher.final();
    out.set(cipher.getAuthTag(), LENGTH_BYTES + plain.length);
    return out;
  }
}
