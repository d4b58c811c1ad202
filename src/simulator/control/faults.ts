// Routes that are a bad network or a bad day of the server: closes by name, refusals, delays.
import { Hono } from 'hono';
import { z } from 'zod';
import type { FaultSettings } from '../faults/faults.ts';
import { Refused } from '../refused.ts';
import { closes, isCloseName } from '../wire/closes.ts';
import type { World } from '../world.ts';
import { readJson } from './body.ts';
import { companions } from './devices.ts';
import { judged } from './route.ts';

const MAX_BYTES = 65_536;

const Close = z.object({
  jid: z.string().optional(),
  all: z.boolean().optional(),
  close: z.string(),
  expire: z.number().int().positive().optional(),
});
const code = z.union([z.string(), z.number().int().transform(String)]);
const count = z.number().int().positive().optional();
const FaultChanges = z.object({
  latencyMs: z.number().min(0).max(60_000).optional(),
  refuseLogin: z.object({ jid: z.string().optional(), reason: code, count }).nullish(),
  refuseUpgrade: z.number().int().min(400).max(599).nullish(),
  withholdAcks: z.boolean().optional(),
  ackError: z.object({ code, count }).nullish(),
  dropReceipts: z.boolean().optional(),
});

export function faultRoutes(world: World): Hono {
  const app = new Hono();

  app.post('/disconnect', async context => {
    const { jid, all, close, expire } = judged(Close, await readJson(context, MAX_BYTES), 'body');
    if (!isCloseName(close)) throw new Refused(400, `close is one of ${Object.keys(closes).join(', ')}`);
    if (jid === undefined && all !== true) throw new Refused(400, 'name a jid, or say all: true');
    const named = jid === undefined ? [...companions(world)] : [world.accounts.device(jid)];
    const open = named.flatMap(device => device?.connection ?? []);
    if (jid !== undefined && open.length === 0) throw new Refused(404, `${jid} is not connected`);
    for (const connection of open) connection.close(close, expire === undefined ? {} : { expire });
    return context.json({ closed: open.length });
  });

  app.get('/faults', context => context.json(world.faults.settings));

  app.put('/faults', async context => {
    const given = judged(FaultChanges, await readJson(context, MAX_BYTES), 'body');
    // Absent leaves a fault as it is, null ends it.
    const changes = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    world.faults.set(changes as Partial<FaultSettings>);
    return context.json(world.faults.settings);
  });

  app.delete('/faults', context => {
    world.faults.clear();
    return context.json(world.faults.settings);
  });

  return app;
}
