// The control plane: an HTTP API that drives the phones and the network, never the server's internals.
import { OpenAPIHono } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { appStateRoutes } from './app-state.ts';
import { deliveryRoutes } from './delivery.ts';
import { deviceRoutes } from './devices.ts';
import { eventRoutes } from './events.ts';
import { faultRoutes } from './faults.ts';
import { groupRoutes } from './groups.ts';
import { historyRoutes } from './history.ts';
import { ledgerRoutes } from './ledger.ts';
import { messageRoutes } from './messages.ts';
import { openapiRoute } from './openapi.ts';
import { pageRoutes } from './page.ts';
import { phoneRoutes } from './phones.ts';
import { processRoutes } from './process.ts';
import { routeAdder } from './route.ts';
import { tlsRoutes } from './tls.ts';
import { worldRoutes } from './world.ts';

export function makeControl(world: World): OpenAPIHono {
  const app = new OpenAPIHono();
  // Pages on loopback drive it, and there is nothing in here to protect.
  app.use(cors({ origin: '*' }));
  pageRoutes(app);
  const admin = new OpenAPIHono();
  const add = routeAdder(admin);
  deviceRoutes(add, world);
  appStateRoutes(add, world);
  historyRoutes(add, world);
  deliveryRoutes(add, world);
  groupRoutes(add, world);
  faultRoutes(add, world);
  ledgerRoutes(add, world);
  tlsRoutes(admin, world);
  phoneRoutes(add, world);
  messageRoutes(add, world);
  worldRoutes(add, world);
  eventRoutes(admin, world);
  processRoutes(add);
  app.route('/admin', admin);
  openapiRoute(app);
  app.notFound(context =>
    context.json(
      { error: `no route ${context.req.method} ${context.req.path}; GET /openapi.json lists them` },
      404,
    ),
  );
  app.onError((error, context) => {
    if (error instanceof Refused) return context.json({ error: error.message }, error.status);
    if (error instanceof HTTPException) return context.json({ error: error.message }, error.status);
    return context.json({ error: error.message }, 500);
  });
  return app;
}
