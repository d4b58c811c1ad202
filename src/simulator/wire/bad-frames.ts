// Frames that no client may accept.
import { randomBytes } from 'node:crypto';
import type { BadFrame } from './closes.ts';
import { frame } from './frames.ts';

const LONGEST = 0xff_ffff;

/** Whole bytes for the socket, length included. `sealed` is a frame payload that would be good. */
export function badFrame(how: BadFrame, sealed: () => Buffer): Uint8Array {
  switch (how) {
    case 'bad-mac': {
      const payload = Buffer.from(sealed());
      payload[payload.length - 1] = (payload[payload.length - 1] ?? 0) ^ 1;
      return frame(payload);
    }
    case 'garbage':
      return frame(randomBytes(64));
    case 'oversized':
      return Buffer.concat([length(LONGEST), randomBytes(64 * 1024)]);
    case 'truncated':
      return Buffer.concat([length(1_000), randomBytes(500)]);
  }
}

function length(bytes: number): Buffer {
  const out = Buffer.alloc(3);
  out.writeUIntBE(bytes, 0, 3);
  return out;
}
