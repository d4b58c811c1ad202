// Routes about the world's time.
import { z } from '@hono/zod-openapi';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { type AddRoute, shapes } from './route.ts';

/** About a century: farther, and a date of JavaScript or a `t` of ten digits is no longer one. */
const MAX_OFFSET_MS = 100 * 365 * 86_400_000;

const ClockView = z.object({
  now: z.number().openapi({ description: "The world's time, Unix milliseconds." }),
  offsetMs: z.number().openapi({ description: "How far it is ahead of the machine's." }),
});

export const clockShapes = shapes({
  clock: {
    id: 'clock',
    method: 'get',
    path: '/clock',
    tag: 'world',
    summary: "The world's time",
    results: ClockView,
  },
  setClock: {
    id: 'setClock',
    method: 'put',
    path: '/clock',
    tag: 'world',
    summary: "Moves the world's time: what stanzas say and what expires; timers of the machine do not follow",
    description:
      '`offsetMs` is against the machine’s clock (0 sets it right), `at` is Unix milliseconds or an ISO date, `advanceMs` moves it from where it is. It runs on from there.',
    body: z.object({
      offsetMs: z.number().int().optional(),
      at: z.union([z.number().int(), z.string()]).optional(),
      advanceMs: z.number().int().optional(),
    }),
    results: ClockView,
  },
});

export function clockRoutes(add: AddRoute, world: World): void {
  const { clock } = world;
  const view = () => ({ now: clock.now(), offsetMs: clock.offsetMs });

  add(clockShapes.clock, view);

  add(clockShapes.setClock, ({ body: { offsetMs, at, advanceMs } }) => {
    const given = [offsetMs, at, advanceMs].filter(one => one !== undefined);
    if (given.length !== 1) throw new Refused(400, 'give one of offsetMs, at and advanceMs');
    const offset =
      offsetMs ??
      (at === undefined ? clock.offsetMs + (advanceMs ?? 0) : new Date(at).getTime() - Date.now());
    if (Number.isNaN(offset)) throw new Refused(400, 'at is Unix milliseconds or an ISO 8601 date');
    if (Math.abs(offset) > MAX_OFFSET_MS) throw new Refused(400, 'that is more than a century away');
    clock.offsetMs = offset;
    world.changed();
    return view();
  });
}
