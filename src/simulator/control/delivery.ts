// Routes about how the server delivers.
import { z } from '@hono/zod-openapi';
import { ADDRESSINGS } from '../delivery/addressing.ts';
import type { World } from '../world.ts';
import type { AddRoute } from './route.ts';

const Mode = z.object({ mode: z.enum(ADDRESSINGS) });
export function deliveryRoutes(add: AddRoute, world: World): void {
  add(
    {
      id: 'setAddressing',
      method: 'put',
      path: '/addressing',
      tag: 'delivery',
      summary: 'In which form messages between two people arrive from now on',
      body: Mode,
      results: Mode,
    },
    ({ body }) => {
      world.delivery.addressing = body.mode;
      return body;
    },
  );
}
