// Server-sent events: a page is read when the socket has taken the one before, so that a slow reader costs one page.
import type { Logger } from 'pino';
import { type ErrorCode, Failure } from '../errors.ts';
import type { ReadEvent } from '../streams/reader.ts';
import type { Follower } from '../streams/streams.ts';
import type { Reading } from './following.ts';
import { told } from './told.ts';

/** Milliseconds that a client shall wait before it comes back, ±50 %: many are cut off at once. */
const RETRY_MS = 3_000;
/** Characters that are given to a socket at once, and the event that goes over them: what shows that it takes any. */
const PIECE = 64 * 1024;

export const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies that keep answers back until they are long enough.
  'x-accel-buffering': 'no',
};

/** The answer that goes on; `hangUp` ends the connection under it at once. Fails as `Streams.follow` does. */
export function eventStream(
  reading: Reading,
  closing: AbortSignal | undefined,
  log: Logger,
  hangUp?: () => void,
): Response {
  const follower = reading.open();
  const { now, stallMs, checkMs } = follower.times;
  const parts = tell(follower, log);
  const encoder = new TextEncoder();
  const end = () => follower.close();
  let checks: NodeJS.Timeout | undefined;
  /** Since when something is there that the socket has not taken. */
  let given: number | undefined;
  const over = () => {
    end();
    clearInterval(checks);
    closing?.removeEventListener('abort', end);
  };
  const check = () => {
    if (!reading.allowed()) follower.close('forbidden');
    if (given === undefined || now() - given < stallMs) return;
    // Nothing is asked of the stream any more: it would hear of its end when the socket takes what it has, which it does not.
    follower.close('stalled');
    over();
    hangUp?.();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start() {
        closing?.addEventListener('abort', end, { once: true });
        if (closing?.aborted) end();
        checks = setInterval(check, checkMs).unref();
      },
      async pull(controller) {
        given = undefined;
        const { done, value } = await parts.next();
        if (value !== undefined && !done) {
          given = now();
          controller.enqueue(encoder.encode(value));
        }
        if (!done) return;
        over();
        controller.close();
      },
      cancel: over,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: streamHeaders });
}

async function* tell(follower: Follower, log: Logger): AsyncGenerator<string, undefined> {
  yield `retry: ${Math.round(RETRY_MS * (0.5 + Math.random()))}\n\n`;
  try {
    for await (const { events, at } of told(follower))
      if (events.length > 0)
        for (const piece of pieces(events)) {
          // A reader may take long for a page, and be allowed no more of it meanwhile.
          if (follower.closed) return undefined;
          yield piece;
        }
      // Where nothing was wanted for long there is nothing to read again either.
      else yield at === undefined ? ':hb\n\n' : `:hb\nid: ${at}\n\n`;
  } catch (error) {
    // It comes back by itself, with the cursor that it has; what is expired it would ask for again and again.
    if (isCode(error, 'EVENTS_EXPIRED')) {
      follower.close('gap');
      yield `event: gap\ndata: ${JSON.stringify((error as Failure).report().results)}\n\n`;
    } else follower.close('failed');
    if (!(error instanceof Failure))
      log.error({ err: error }, 'a stream of events ended by an error of ours');
  }
  return undefined;
}

function* pieces(events: readonly ReadEvent[]): Generator<string> {
  let piece = '';
  for (const { cursor, body } of events) {
    piece += `id: ${cursor}\ndata: ${body}\n\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

const isCode = (error: unknown, code: ErrorCode): boolean => error instanceof Failure && error.code === code;
