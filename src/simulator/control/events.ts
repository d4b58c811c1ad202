// What happens, as a stream of server-sent events: for the page, for tests, for whoever looks.
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { streamSSE } from 'hono/streaming';
import type { WorldEvent } from '../events.ts';
import type { World } from '../world.ts';
import { document, judged } from './route.ts';

/** A proxy or a page may give up on a line that says nothing. */
const PING_MS = 15_000;

const Query = z.object({
  after: z.coerce.number().int().min(0).optional().openapi({
    description:
      'The `seq` after which to begin; default: what happens from now on. `Last-Event-ID` does the same.',
  }),
  kinds: z
    .string()
    .optional()
    .openapi({ description: 'Only these, separated by commas.', example: 'message,receipt' }),
});

const eventStream = {
  id: 'events',
  method: 'get',
  path: '/events',
  tag: 'world',
  summary:
    'What happens, as server-sent events: each has its kind as `event`, its seq as `id`, and JSON as `data`',
  description:
    'Kinds: phone, waiting, linked, unlinked, login, close, sent, delivered, message, receipt, typing, presence, group, call, faults. The last 2,000 are kept for those who come late; a reader that is slower than that loses the oldest, never the line.',
  query: Query,
  results: z.looseObject({ kind: z.string(), seq: z.number(), at: z.number() }),
} as const;

export function eventRoutes(app: OpenAPIHono, world: World): void {
  document(app, eventStream, 'text/event-stream');
  app.get('/events', context => {
    const { after, kinds } = judged(Query, context.req.query(), 'query');
    const seen = Number(context.req.header('last-event-id') ?? Number.NaN);
    const wanted = kinds === undefined ? undefined : new Set(kinds.split(','));
    const wants = (event: WorldEvent) => wanted === undefined || wanted.has(event.kind);
    // Numbers of a simulator that ran before this one mean nothing here.
    let cursor = Math.min(
      Number.isSafeInteger(seen) ? seen : (after ?? world.events.last),
      world.events.last,
    );
    return streamSSE(context, async stream => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const signal = AbortSignal.any([gone.signal, world.stopped]);
      // At once, so that a reader knows from when on it hears everything.
      await stream.write(': listening\n\n');
      while (!signal.aborted) {
        const events = world.events.after(cursor);
        cursor = world.events.last;
        for (const event of events)
          if (wants(event))
            await stream.writeSSE({ id: String(event.seq), event: event.kind, data: JSON.stringify(event) });
        // What came while this was written is there already.
        if (world.events.last > cursor) continue;
        if (!(await world.events.next(wants, PING_MS, signal)) && !signal.aborted)
          await stream.write(': still here\n\n');
      }
    });
  });
}
