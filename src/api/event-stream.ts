// Server-sent events: a page is read when the socket has taken the one before, so that a slow reader costs one page.
import type { Logger } from 'pino';
import { type ErrorCode, Failure } from '../errors.ts';
import type { Follower } from '../streams/streams.ts';
import type { Reading } from './following.ts';

/** Milliseconds between comments while there is nothing to tell: proxies close what is silent. */
const HEARTBEAT_MS = 15_000;
/** Milliseconds between looks whether a reader may still read: a key that has ended counts for less than five seconds. */
const LOOK_MS = 2_000;
/** Milliseconds that a client shall wait before it comes back, ±50 %: many are cut off at once. */
const RETRY_MS = 3_000;

export const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // Proxies that keep answers back until they are long enough.
  'x-accel-buffering': 'no',
};

/** The answer that goes on. Fails with STREAMS_FULL. */
export function eventStream(reading: Reading, closing: AbortSignal | undefined, log: Logger): Response {
  const follower = reading.open();
  const parts = tell(follower, log);
  const encoder = new TextEncoder();
  const end = () => follower.close();
  let looks: NodeJS.Timeout | undefined;
  const over = () => {
    end();
    clearInterval(looks);
    closing?.removeEventListener('abort', end);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start() {
        closing?.addEventListener('abort', end, { once: true });
        if (closing?.aborted) end();
        looks = setInterval(() => {
          if (!reading.allowed()) end();
        }, LOOK_MS).unref();
      },
      async pull(controller) {
        const { done, value } = await parts.next();
        if (value !== undefined && !done) controller.enqueue(encoder.encode(value));
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
  let told = follower.cursor;
  while (!follower.closed) {
    let text = '';
    try {
      const { events } = await follower.page();
      for (const { cursor, body } of events) text += `id: ${cursor}\ndata: ${body}\n\n`;
      if (events.length > 0) told = events.at(-1)!.cursor;
    } catch (error) {
      // It comes back by itself, with the cursor that it has; what is expired it would ask for again and again.
      if (isCode(error, 'EVENTS_EXPIRED'))
        yield `event: gap\ndata: ${JSON.stringify((error as Failure).report().results)}\n\n`;
      else if (!(error instanceof Failure))
        log.error({ err: error }, 'a stream of events ended by an error of ours');
      return undefined;
    }
    if (text !== '') yield text;
    else if (!(await follower.news(HEARTBEAT_MS)) && !follower.closed) {
      // Where nothing was wanted for long there is nothing to read again either.
      yield follower.cursor === told ? ':hb\n\n' : `:hb\nid: ${follower.cursor}\n\n`;
      told = follower.cursor;
    }
  }
  return undefined;
}

const isCode = (error: unknown, code: ErrorCode): boolean => error instanceof Failure && error.code === code;
