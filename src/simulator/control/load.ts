// Routes about load: phones that write at a fixed rate.
import { randomInt } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { personNamed } from '../accounts/naming.ts';
import { phoneOf } from '../accounts/phones.ts';
import { Load } from '../load/load.ts';
import { routesOf } from '../load/planning.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { companions } from './devices.ts';
import { createPhones } from './phones.ts';
import { type AddRoute, shapes } from './route.ts';

const MAX_RUNNING = 16;
/** Finished ones that can still be looked at. */
const KEPT = 100;

const Rate = z.number().positive().max(10_000);
const Phones = z.union([z.number().int().min(1).max(5_000), z.array(z.string()).min(1).max(5_000)]);
const Order = z.strictObject({
  phones: Phones.default(10).openapi({
    description: 'Who writes: numbers of phones, or how many contacts are made for it, before it starts.',
  }),
  to: z
    .union([z.literal('all'), z.array(z.string()).min(1).max(5_000)])
    .default('all')
    .openapi({ description: 'Who is written to: numbers or JIDs; all: whoever has a linked device.' }),
  kind: z.enum(['text', 'group', 'mixed']).default('text'),
  groups: z
    .array(z.string())
    .max(1_000)
    .default([])
    .openapi({ description: 'JIDs; without, one is made of everybody when groups are written to.' }),
  messagesPerSecond: Rate,
  seconds: z.number().positive().max(86_400).optional(),
  total: z.number().int().min(1).max(100_000_000).optional(),
  atOnce: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(200)
    .openapi({ description: 'Sends under way at once.' }),
  skipAfterMs: z.number().int().min(100).max(600_000).default(5_000).openapi({
    description: 'What cannot be sent for so long is skipped.',
  }),
  length: z.number().int().min(1).max(65_536).default(40).openapi({ description: 'Characters of a text.' }),
  seed: z
    .number()
    .int()
    .min(0)
    .optional()
    .openapi({ description: 'The same: the same phones write to the same people.' }),
});
const LoadView = z
  .object({
    id: z.string(),
    state: z.enum(['running', 'paused', 'done', 'stopped']),
    messagesPerSecond: z.number(),
    total: z.number().optional(),
    seed: z.number(),
    phones: z.number(),
    due: z.number().openapi({ description: 'What should have been sent by now.' }),
    sent: z.number(),
    inFlight: z.number(),
    late: z.number().openapi({ description: 'Started more than 100 ms after they were due.' }),
    skipped: z.number(),
    errors: z.number(),
    lastError: z.string().optional(),
    elapsedMs: z.number(),
    achievedPerSecond: z.number(),
  })
  .openapi('Load');
const Id = z.object({ id: z.string() });

export const loadShapes = shapes({
  startLoad: {
    id: 'startLoad',
    method: 'post',
    path: '/load',
    tag: 'load',
    summary:
      'Phones write at a fixed rate from now on, until so many seconds or messages, or until it is stopped',
    body: Order,
    results: LoadView,
  },
  loads: {
    id: 'loads',
    method: 'get',
    path: '/load',
    tag: 'load',
    summary: 'Loads that run, and the last ones that did',
    results: z.array(LoadView),
  },
  load: {
    id: 'load',
    method: 'get',
    path: '/load/{id}',
    tag: 'load',
    summary: 'How far a load is',
    params: Id,
    results: LoadView,
  },
  changeLoad: {
    id: 'changeLoad',
    method: 'patch',
    path: '/load/{id}',
    tag: 'load',
    summary: 'Pauses a load, lets it go on, or changes its rate',
    params: Id,
    body: z.strictObject({ paused: z.boolean().optional(), messagesPerSecond: Rate.optional() }),
    results: LoadView,
  },
  stopLoad: {
    id: 'stopLoad',
    method: 'delete',
    path: '/load/{id}',
    tag: 'load',
    summary: 'Stops a load; what is under way arrives',
    params: Id,
    results: LoadView,
  },
});

export function loadRoutes(add: AddRoute, world: World): void {
  const loads = new Map<string, Load>();
  let count = 0;
  /** Whose phones are being made. */
  let starting = 0;
  const loadNamed = (id: string) => {
    const load = loads.get(id);
    if (!load) throw new Refused(404, `there is no load ${id}; GET /admin/load lists them`);
    return load;
  };

  add(loadShapes.startLoad, async ({ body }) => {
    const {
      messagesPerSecond,
      seconds,
      total,
      seed = randomInt(2 ** 32),
      atOnce,
      skipAfterMs,
      length,
    } = body;
    if (seconds !== undefined && total !== undefined)
      throw new Refused(400, 'give seconds or total, not both');
    const running = [...loads.values()].filter(({ state }) => state === 'running' || state === 'paused');
    if (running.length + starting >= MAX_RUNNING)
      throw new Refused(409, `${MAX_RUNNING} loads run already; stop one`);
    starting++;
    const numbers = await writers(world, body.phones).finally(() => starting--);
    const targets =
      body.to === 'all'
        ? [...new Set([...companions(world)].map(device => device.account))]
        : body.to.map(to => personNamed(world, to));
    if (targets.length === 0) throw new Refused(409, 'nobody has a linked device: name numbers in `to`');
    const phones = numbers.map(number => phoneOf(world, number));
    const routes = routesOf(world, { kind: body.kind, phones, targets, groups: body.groups });
    const load = new Load(world, `load-${++count}`, {
      messagesPerSecond,
      total: total ?? (seconds === undefined ? undefined : Math.ceil(seconds * messagesPerSecond)),
      atOnce,
      skipAfterMs,
      length,
      seed,
      routes,
    });
    loads.set(load.id, load);
    forgetOldest(loads);
    return describeLoad(load);
  });

  add(loadShapes.loads, () => [...loads.values()].map(describeLoad));

  add(loadShapes.load, ({ params }) => describeLoad(loadNamed(params.id)));

  add(loadShapes.changeLoad, ({ params, body: { paused, messagesPerSecond } }) => {
    const load = loadNamed(params.id);
    if (load.state === 'done' || load.state === 'stopped') throw new Refused(409, `${load.id} is over`);
    if (messagesPerSecond !== undefined) load.setRate(messagesPerSecond);
    if (paused === true) load.pause();
    else if (paused === false) load.resume();
    return describeLoad(load);
  });

  add(loadShapes.stopLoad, ({ params }) => {
    const load = loadNamed(params.id);
    load.stop();
    return describeLoad(load);
  });
}

async function writers(world: World, phones: z.output<typeof Phones>): Promise<string[]> {
  if (typeof phones !== 'number') return phones;
  return (await createPhones(world, phones, { name: 'Load {n}' })).map(one => one.phone);
}

function forgetOldest(loads: Map<string, Load>): void {
  for (const { id, state } of loads.values()) {
    if (loads.size <= KEPT) return;
    if (state === 'done' || state === 'stopped') loads.delete(id);
  }
}

function describeLoad(load: Load): z.input<typeof LoadView> {
  const { id, state, messagesPerSecond, plan, counts, lastError, elapsedMs } = load;
  return {
    id,
    state,
    messagesPerSecond,
    total: plan.total,
    seed: plan.seed,
    phones: plan.routes.length,
    ...counts,
    lastError,
    elapsedMs: Math.round(elapsedMs),
    achievedPerSecond: Math.round((counts.sent / Math.max(elapsedMs, 1)) * 100_000) / 100,
  };
}
