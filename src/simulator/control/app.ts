// The control plane: an HTTP API that drives the phones and the network, never the server's internals.
import { OpenAPIHono } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { appStateRoutes } from './app-state.ts';
import { businessRoutes } from './business.ts';
import { callRoutes } from './calls.ts';
import { channelRoutes } from './channels.ts';
import { clockRoutes } from './clock.ts';
import { deliveryRoutes } from './delivery.ts';
import { deviceRoutes } from './devices.ts';
import { eventRoutes } from './events.ts';
import { faultRoutes } from './faults.ts';
import { groupRoutes } from './groups.ts';
import { historyRoutes } from './history.ts';
import { ledgerRoutes } from './ledger.ts';
import { loadRoutes } from './load.ts';
import { mediaRoutes } from './media.ts';
import { messageRoutes } from './messages.ts';
import { openapiRoute } from './openapi.ts';
import { pageRoutes } from './page.ts';
import { phoneRoutes } from './phones.ts';
import { processRoutes } from './process.ts';
import { profileRoutes } from './profiles.ts';
import { routeAdder } from './route.ts';
import { scriptRoutes } from './scripts.ts';
import { tlsRoutes } from './tls.ts';

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
  profileRoutes(add, world);
  callRoutes(add, world);
  businessRoutes(add, world);
  channelRoutes(add, world);
  deliveryRoutes(add, world);
  groupRoutes(add, world);
  faultRoutes(add, world);
  ledgerRoutes(add, world);
  tlsRoutes(admin, world);
  phoneRoutes(add, world);
  messageRoutes(add, world);
  loadRoutes(add, world);
  scriptRoutes(add, world);
  mediaRoutes(add, admin, world);
  clockRoutes(add, world);
  eventRoutes(admin, world);
  processRoutes(add);
  app.get('/pictures/:id', context => {
    const picture = world.profiles.pictureById(context.req.param('id'));
    if (!picture) throw new Refused(404, 'no such picture, or not any more');
    return context.body(Uint8Array.from(picture), 200, { 'content-type': 'image/jpeg' });
  });
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
