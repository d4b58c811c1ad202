// The control plane: an HTTP API that drives the phones and the network, never the server's internals.
import { OpenAPIHono } from '@hono/zod-openapi';
import { cors } from 'hono/cors';
import { HTTPException } from 'hono/http-exception';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { appStateRoutes } from './app-state.ts';
import { deviceRoutes } from './devices.ts';
import { faultRoutes } from './faults.ts';
import { page } from './page.ts';
import { phoneRoutes } from './phones.ts';
import { routeAdder } from './route.ts';

export function makeControl(world: World): OpenAPIHono {
  const app = new OpenAPIHono();
  // Pages on loopback drive it, and there is nothing in here to protect.
  app.use(cors({ origin: '*' }));
  app.get('/', context => context.html(page));
  const admin = new OpenAPIHono();
  const add = routeAdder(admin);
  deviceRoutes(add, world);
  appStateRoutes(add, world);
  admin.route('/', phoneRoutes(world));
  admin.route('/', faultRoutes(world));
  app.route('/admin', admin);
  app.notFound(context => context.json({ error: `no route ${context.req.method} ${context.req.path}` }, 404));
  app.onError((error, context) => {
    if (error instanceof Refused) return context.json({ error: error.message }, error.status);
    if (error instanceof HTTPException) return context.json({ error: error.message }, error.status);
    return context.json({ error: error.message }, 500);
  });
  return app;
}
