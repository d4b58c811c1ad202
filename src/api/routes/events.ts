// The journal for whoever reads it: pages of it, one event of it, and a stream that goes on.
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { Failure } from '../../errors.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { entry } from '../entry.ts';
import { eventStream, streamHeaders } from '../event-stream.ts';
import { type Asking, askedOf, begin, mayHave, streamFields } from '../following.ts';
import { count } from '../query.ts';
import { failureResponses } from '../responses.ts';
import type { AddRoute } from '../route.ts';
import { namedDevice } from '../selection.ts';
import { validated } from '../validate.ts';

const event = z
  .looseObject({
    id: z.string(),
    event: z.string(),
    version: z.int(),
    device_id: z.string().openapi({ description: "The account's JID; empty before it is linked." }),
    session_id: z.string().openapi({ description: 'The id of the device.' }),
    seq: z.int().openapi({ description: 'Its number among the events of the device, without a gap.' }),
    timestamp: z.iso.datetime(),
    payload: z.unknown(),
  })
  .openapi('JournalEvent');

const readFailures = ['EVENTS_EXPIRED', 'INVALID_DEVICE_ID', 'DEVICE_NOT_FOUND'] as const;

export function eventRoutes(app: OpenAPIHono<ApiEnv>, add: AddRoute, deps: ApiDeps): void {
  const { events, audit } = deps;
  add(
    {
      id: 'listEvents',
      method: 'get',
      path: '/events',
      tag: 'event',
      scope: 'read',
      summary: 'Events in their order: of one device, or of all that the key is for',
      query: z.object({ ...streamFields, limit: count(100, 500) }),
      results: z.object({
        events: z.array(event),
        next: z.string().openapi({ description: 'The cursor to go on from, as `after`.' }),
        more: z.boolean().openapi({ description: 'There is more already.' }),
      }),
      failures: readFailures,
    },
    async ({ devices, seen, named, query, scopes }) => {
      const { device, types, after } = askedOf(query, devices, namedDevice(named), scopes);
      const page = await events.page({
        device,
        devices: seen && [...seen],
        types,
        after,
        limit: query.limit,
      });
      return {
        message: `${page.events.length} events`,
        results: {
          events: page.events.map(({ body }) => JSON.parse(body) as z.input<typeof event>),
          next: page.next,
          more: page.more,
        },
      };
    },
  );

  app.openAPIRegistry.registerPath({
    operationId: 'streamEvents',
    method: 'get',
    path: '/events/stream',
    tags: ['event'],
    summary: 'Events as they come, as server-sent events; what was missed comes first',
    'x-scope': 'read',
    request: {
      query: z.object(streamFields),
      headers: z.object({
        'Last-Event-ID': z
          .string()
          .optional()
          .openapi({ description: 'The id of the last event that was read; counts before `after`.' }),
      }),
    },
    responses: {
      200: { description: 'The stream', content: { 'text/event-stream': { schema: z.string() } } },
      ...failureResponses([
        ...(['UNAUTHORIZED', 'FORBIDDEN', 'FORBIDDEN_ORIGIN', 'KEY_IN_QUERY', 'RATE_LIMITED'] as const),
        ...([
          'VALIDATION_ERROR',
          'STREAMS_FULL',
          'TOO_MANY_STREAMS',
          'STORE_UNAVAILABLE',
          'INTERNAL_SERVER_ERROR',
        ] as const),
        ...readFailures,
      ]),
    },
  });
  const scope = 'read';
  app.get('/events/stream', entry(audit, { id: 'streamEvents', method: 'get', scope }), async c => {
    const query: Asking = validated(z.object(streamFields), c.req.query());
    // An EventSource goes on by itself: what it says then is newer than what it was made with.
    const after = c.req.header('last-event-id') || query.after;
    const named = { header: c.req.header('x-device-id'), query: query.device_id };
    const asked = askedOf({ ...query, after }, c.get('devices'), namedDevice(named), c.get('actor').scopes);
    const follow = await begin(events, asked, scope, 'sse', c.get('standing'));
    // Nobody reads on where only the head was asked for.
    if (c.req.method === 'HEAD') return c.body(null, 200, streamHeaders);
    return eventStream(follow, c.env?.closing, deps.log, () => c.env?.incoming?.socket.destroy());
  });

  add(
    {
      id: 'getEvent',
      method: 'get',
      path: '/events/{event_id}',
      tag: 'event',
      scope: 'read',
      summary: 'One event, as it was delivered',
      params: z.object({
        event_id: z.string().regex(/^evt_[A-Za-z0-9_-]{24}$/, 'is not the id of an event'),
      }),
      results: event,
      failures: ['EVENT_NOT_FOUND', 'EVENTS_EXPIRED'],
    },
    async ({ seen, params, scopes }) => {
      const found = await events.one(params.event_id, seen && [...seen]);
      const results = JSON.parse(found) as z.input<typeof event>;
      if (!mayHave(scopes, results.event)) throw new Failure('EVENT_NOT_FOUND');
      return { message: 'Event', results };
    },
  );
}
