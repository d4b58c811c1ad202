// Bytes on their way, made worse: slower, fewer, or others.
import { setTimeout as sleep } from 'node:timers/promises';

type Bytes = AsyncIterable<Buffer>;

/** How often a slow line lets something through. */
const STEP_MS = 50;

/** At most so many bytes a second. Ends with an AbortError when `signal` does. */
export async function* slowed(
  source: Bytes,
  bytesPerSecond: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const size = Math.max(1, Math.floor((bytesPerSecond * STEP_MS) / 1000));
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += size) {
      const part = chunk.subarray(at, at + size);
      await sleep((part.length * 1000) / bytesPerSecond, undefined, { signal });
      yield part;
    }
  }
}

/** The first so many bytes, and then an error: the connection is to end. */
export async function* cut(source: Bytes, afterBytes: number): AsyncGenerator<Buffer> {
  let left = afterBytes;
  for await (const chunk of source) {
    if (chunk.length > left) {
      yield chunk.subarray(0, left);
      break;
    }
    left -= chunk.length;
    yield chunk;
  }
  throw new CutOff('the connection ends here on purpose');
}

export class CutOff extends Error {
  override readonly name = 'CutOff';
}

/** With the byte at `position` inverted. */
export async function* altered(source: Bytes, position: number): AsyncGenerator<Buffer> {
  let at = 0;
  for await (const chunk of source) {
    const index = position - at;
    at += chunk.length;
    if (index < 0 || index >= chunk.length) yield chunk;
    else {
      const other = Buffer.from(chunk);
      other[index] = (other[index] ?? 0) ^ 0xff;
      yield other;
    }
  }
}
