// The byte stream of one connection cut into frames: an intro header once, then 3-byte big-endian lengths.
import { ProtocolError } from './protocol-error.ts';

const NOTHING = Buffer.alloc(0);
const HEADER_LENGTH = 4;
const MAGIC = Buffer.from('WA');
const ROUTING = Buffer.from('ED');
/** Before the client proved itself nothing large is expected: a hello is 40 bytes, a finish some hundreds. */
const MAX_HANDSHAKE_FRAME = 64 * 1024;
/** An 812-prekey upload is 45 KB; media never comes this way. The wire itself allows 2^24-1 (whatsmeow). */
const MAX_FRAME = 4 * 1024 * 1024;

/** Accepts chunks cut anywhere (protocol.md 1.1) and yields the header once and then whole frames. */
export class FrameReader {
  #buffer: Buffer = NOTHING;
  #header: Buffer | undefined;
  #limit = MAX_HANDSHAKE_FRAME;

  /** The 4 bytes that are mixed into the noise hash; undefined until they came. */
  get header(): Buffer | undefined {
    return this.#header;
  }

  /** The client is known now: frames may be as large as the wire allows. */
  trust(): void {
    this.#limit = MAX_FRAME;
  }

  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
  }

  /** The next whole frame, or undefined when more bytes are needed. Throws {@link ProtocolError}. */
  next(): Buffer | undefined {
    if (!this.#header && !this.#readIntro()) return undefined;
    if (this.#buffer.length < 3) return undefined;
    const length = this.#buffer.readUIntBE(0, 3);
    if (length > this.#limit) throw new ProtocolError(`a frame of ${length} bytes`);
    if (this.#buffer.length < 3 + length) return undefined;
    const frame = this.#buffer.subarray(3, 3 + length);
    // An empty rest would keep the whole chunk for as long as the client is quiet.
    this.#buffer = this.#buffer.length === 3 + length ? NOTHING : this.#buffer.subarray(3 + length);
    return frame;
  }

  #readIntro(): boolean {
    let at = 0;
    if (this.#buffer.length >= 2 && this.#buffer.subarray(0, 2).equals(ROUTING)) {
      if (this.#buffer.length < 7) return false;
      at = 7 + this.#buffer.readUIntBE(4, 3);
      if (at > MAX_HANDSHAKE_FRAME) throw new ProtocolError('oversized routing info');
    }
    if (this.#buffer.length < at + HEADER_LENGTH) return false;
    const header = this.#buffer.subarray(at, at + HEADER_LENGTH);
    if (!header.subarray(0, 2).equals(MAGIC)) throw new ProtocolError('not a WhatsApp connection');
    this.#header = header;
    this.#buffer = this.#buffer.subarray(at + HEADER_LENGTH);
    return true;
  }
}

/** The length prefix in front of a payload. */
export function frame(payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(3 + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out.set(payload, 3);
  return out;
}
