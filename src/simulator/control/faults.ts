// Routes that are a bad network or a bad day of the server: faults by name, closes by name, a restart.
import { z } from '@hono/zod-openapi';
import { catalogue, kindOf } from '../faults/catalogue.ts';
import type { ArmedFault } from '../faults/faults.ts';
import { Filter, When, Who } from '../faults/kind.ts';
import { Refused } from '../refused.ts';
import { closeNames } from '../wire/closes.ts';
import type { Connection } from '../wire/connection.ts';
import type { World } from '../world.ts';
import { companions } from './devices.ts';
import { type AddRoute, shapes } from './route.ts';

const Target = {
  jid: z.string().optional().openapi({ description: 'One device.' }),
  all: z.boolean().optional().openapi({ description: 'Every connected device.' }),
};
const Close = z.object({
  ...Target,
  close: z.string().openapi({ example: 'restart' }),
  /** Seconds. */
  expire: z.number().int().positive().optional(),
});
const Params = z.record(z.string(), z.unknown());
const Arming = z.strictObject({
  when: When.optional().openapi({ description: 'Absent: always.' }),
  who: Who.optional().openapi({ description: 'Absent: everybody.' }),
  filter: Filter.optional().openapi({ description: 'Which stanzas; every field given must agree.' }),
  params: Params.optional().openapi({ description: 'As the catalogue has them.' }),
  label: z
    .string()
    .max(64)
    .optional()
    .openapi({ description: 'Several of one name hold under different labels.' }),
});
const Strike = z.strictObject({ ...Target, params: Params.optional() });
const ArmedView = z.object({
  name: z.string(),
  label: z.string(),
  when: When,
  who: Who,
  filter: Filter.optional(),
  params: Params,
  occasions: z.number().openapi({ description: 'How often it might have struck.' }),
  fired: z.number().openapi({ description: 'How often it did.' }),
  spent: z.boolean().openapi({ description: 'It will not strike again.' }),
});
const Name = z.object({ name: z.string() });
const Row = z.object({
  name: z.string(),
  doc: z.string(),
  at: z
    .string()
    .openapi({ description: 'The occasions: upgrade, handshake, login, in, out, stanza, asked.' }),
  strikes: z.boolean().openapi({ description: 'It can strike a connection at once, without an occasion.' }),
  params: z.unknown().openapi({ description: 'JSON Schema.' }),
});

const disarmed = z.object({ disarmed: z.number() });

export const faultShapes = shapes({
  disconnect: {
    id: 'disconnect',
    method: 'post',
    path: '/disconnect',
    tag: 'faults',
    summary: 'Ends connections in a named way',
    body: Close,
    results: z.object({ closed: z.number() }),
  },
  restart: {
    id: 'restart',
    method: 'post',
    path: '/restart',
    tag: 'faults',
    summary: 'The server goes away with every connection, and is back with its state after downMs',
    body: z.strictObject({ downMs: z.number().int().min(0).max(600_000).default(0) }),
    results: z.object({ dropped: z.number() }),
  },
  faults: {
    id: 'faults',
    method: 'get',
    path: '/faults',
    tag: 'faults',
    summary: 'The armed faults and how often each struck; the seed of their randomness',
    results: z.object({ seed: z.number(), armed: z.array(ArmedView) }),
  },
  faultCatalogue: {
    id: 'faultCatalogue',
    method: 'get',
    path: '/faults/catalogue',
    tag: 'faults',
    summary: 'Every fault there is: what it does, when it can strike, its parameters',
    results: z.array(Row),
  },
  armFault: {
    id: 'armFault',
    method: 'put',
    path: '/faults/{name}',
    tag: 'faults',
    summary: 'Arms a fault',
    params: Name,
    body: Arming,
    results: ArmedView,
  },
  strikeFault: {
    id: 'strikeFault',
    method: 'post',
    path: '/faults/{name}/strike',
    tag: 'faults',
    summary: 'Does it to connected devices at once, without arming it',
    params: Name,
    body: Strike,
    results: z.object({ struck: z.number() }),
  },
  disarmFaults: {
    id: 'disarmFaults',
    method: 'delete',
    path: '/faults',
    tag: 'faults',
    summary: 'Disarms all',
    results: disarmed,
  },
  disarmFault: {
    id: 'disarmFault',
    method: 'delete',
    path: '/faults/{name}',
    tag: 'faults',
    summary: 'Disarms those of one name',
    params: Name,
    results: disarmed,
  },
});

export function faultRoutes(add: AddRoute, world: World): void {
  add(faultShapes.disconnect, ({ body: { close, expire, ...target } }) => {
    const name = closeNames.find(one => one === close);
    if (!name) throw new Refused(400, `close is one of ${closeNames.join(', ')}`);
    const open = connectionsOf(world, target);
    for (const connection of open) connection.close(name, { expire });
    return { closed: open.length };
  });

  add(faultShapes.restart, ({ body }) => {
    const dropped = world.connections.size;
    world.restart(body.downMs);
    return { dropped };
  });

  add(faultShapes.faults, () => ({ seed: world.faults.seed, armed: world.faults.list().map(describeFault) }));

  add(faultShapes.faultCatalogue, () =>
    Object.keys(catalogue).map(name => {
      const { doc, at, params, strike } = kindOf(name as keyof typeof catalogue);
      const schema = z.toJSONSchema(params, { io: 'input' });
      return { name, doc, at, strikes: strike !== undefined, params: schema };
    }),
  );

  add(faultShapes.armFault, ({ params, body }) => {
    const armed = describeFault(world.faults.arm(params.name, body));
    world.events.tell({ kind: 'faults' });
    return armed;
  });

  add(faultShapes.strikeFault, ({ params, body }) => {
    // Judged as an arming is, and never armed.
    const { kind, params: judged } = world.faults.judge(params.name, { params: body.params });
    if (!kind.strike) throw new Refused(400, `${params.name} needs an occasion: arm it`);
    const open = connectionsOf(world, body);
    for (const connection of open) kind.strike(connection, judged);
    return { struck: open.length };
  });

  const disarm = (name?: string) => {
    const disarmed = world.faults.disarm(name);
    world.events.tell({ kind: 'faults' });
    return { disarmed };
  };

  add(faultShapes.disarmFaults, () => disarm());

  add(faultShapes.disarmFault, ({ params }) => disarm(params.name));
}

function connectionsOf(world: World, { jid, all }: { jid?: string | undefined; all?: boolean | undefined }) {
  if (jid === undefined && all !== true) throw new Refused(400, 'name a jid, or say all: true');
  const named = jid === undefined ? [...companions(world)] : [world.accounts.device(jid)];
  const open: Connection[] = named.flatMap(device => device?.connection ?? []);
  if (jid !== undefined && open.length === 0) throw new Refused(404, `${jid} is not connected`);
  return open;
}

function describeFault(fault: ArmedFault) {
  const { name, label, when, who, filter, params, occasions, fired, spent } = fault;
  return { name, label, when, who, ...(filter && { filter }), params, occasions, fired, spent };
}
