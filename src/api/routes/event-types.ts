// Which events there are, for those who write receivers.
import { z } from '@hono/zod-openapi';
import type { AddRoute } from '../route.ts';

const any = z.record(z.string(), z.unknown());

const typeShown = z
  .object({
    name: z.string().openapi({ example: 'message' }),
    version: z.number().int(),
    description: z.string(),
    by_name_only: z.boolean().openapi({ description: 'It goes only to webhooks and streams that name it.' }),
    sample: any.openapi({ description: 'A payload.' }),
    schema: any.openapi({ description: 'JSON Schema of the payload. There may be more fields tomorrow.' }),
  })
  .openapi('EventType');

export function eventTypeRoutes(add: AddRoute): void {
  add(
    {
      id: 'listEventTypes',
      method: 'get',
      path: '/events/types',
      tag: 'event',
      scope: 'read',
      summary:
        'All events that there are, each with its version, a sample and the JSON Schema of its payload',
      results: z.array(typeShown),
    },
    async () => {
      const { eventTypes } = await import('../../journal/catalogue/catalogue.ts');
      return { message: 'Success get event types', results: [...eventTypes()] };
    },
  );
}
