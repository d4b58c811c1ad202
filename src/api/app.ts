// The app: what every request passes, in order, and the families of routes behind it.
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { Failure } from '../errors.ts';
import { callerAddress } from './address.ts';
import { refuse } from './answer.ts';
import { admission, gatekeeper, keysInHeaders } from './auth.ts';
import { pathBelow } from './base-path.ts';
import { inTurn } from './checks.ts';
import { cors } from './cors.ts';
import type { ApiEnv, AppDeps } from './deps.ts';
import { tell } from './headers.ts';
import { requestLimit } from './limits.ts';
import { createMetrics } from './metrics.ts';
import { openapiRoute } from './openapi.ts';
import { sameOrigin } from './origin.ts';
import { isPage, pageRoutes } from './pages/routes.ts';
import { qrLinks } from './qr.ts';
import { marked, observation, turnAway } from './request.ts';
import { routeAdder } from './route.ts';
import { appRoutes } from './routes/app.ts';
import { auditRoutes } from './routes/audit.ts';
import { callRoutes } from './routes/call.ts';
import { chatRoutes } from './routes/chat.ts';
import { chatChangeRoutes } from './routes/chat-change.ts';
import { communityRoutes } from './routes/community.ts';
import { deviceHealthRoute } from './routes/device-health.ts';
import { deviceRoutes } from './routes/devices.ts';
import { eventTypeRoutes } from './routes/event-types.ts';
import { eventRoutes } from './routes/events.ts';
import { followRoutes } from './routes/follow.ts';
import { groupRoutes } from './routes/group.ts';
import { healthRoutes } from './routes/health.ts';
import { keyRoutes } from './routes/key.ts';
import { labelRoutes } from './routes/label.ts';
import { liveRoute } from './routes/live.ts';
import { loginRoutes } from './routes/login.ts';
import { isFilePath, mediaRoutes } from './routes/media.ts';
import { messageRoutes } from './routes/message.ts';
import { movingRoutes } from './routes/moving.ts';
import { newsletterRoutes } from './routes/newsletter.ts';
import { passkeyRoutes } from './routes/passkey.ts';
import { sendRoutes } from './routes/send.ts';
import { sendMediaRoutes } from './routes/send-media.ts';
import { settingsRoutes } from './routes/settings.ts';
import { userRoutes } from './routes/user.ts';
import { webhookRoutes } from './routes/webhook.ts';
import { webhookDeliveryRoutes } from './routes/webhook-deliveries.ts';

export type {
  ApiDeps,
  AppDeps,
  Credentials,
  EndpointChange,
  EndpointSettings,
  EndpointView,
  MessageStatus,
  Readiness,
} from './deps.ts';
export { COMMAND_TIMEOUT_MS } from './deps.ts';

/** The HTTP app over its ports. It holds nothing that needs a stop; `ApiServer` gives it an address. */
export function createApp(deps: AppDeps): OpenAPIHono<ApiEnv> {
  // What routes know of a path is what comes after the base path.
  const app = new OpenAPIHono<ApiEnv>({ getPath: pathBelow(deps.basePath) });
  const allowed = new Set(deps.corsOrigins);
  const log = deps.log.child({ station: 'api' });
  const base = { log, basePath: deps.basePath };
  const metrics = createMetrics(deps);
  const links = qrLinks();
  app.onError((error, c) => refuse(c, error, base));

  const gate = gatekeeper(deps.credentials, deps.keys, deps.limits.now);
  // /health is for probes, what is signed (a QR picture, a file) for an <img> anywhere, and /errors says what is in the docs;
  // none does anything.
  const isPublic = (c: Context) =>
    ['GET', 'HEAD'].includes(c.req.method) &&
    (c.req.path === '/health' ||
      c.req.path === '/errors' ||
      isFilePath(c.req.path) ||
      links.admits(c.req.path, name => c.req.query(name)));
  const guarded = sameOrigin({ open: gate.open, isPage, allowed });
  app.use(
    observation(metrics, callerAddress(deps.trustedProxies), log),
    inTurn(
      marked(deps.simulator !== undefined),
      turnAway(deps.started ?? (() => true)),
      cors(allowed),
      keysInHeaders(),
      c => (isPublic(c) ? undefined : guarded(c)),
      admission({ gate, isPublic, devices: deps.devices }),
      requestLimit(deps.limits),
    ),
  );
  // Only of a request that no route has: as a step before all of them it would be one of every request.
  const judgeMethod = methodNotAllowed({
    app,
    onMethodNotAllowed(c, methods) {
      tell(c, 'allow', methods.join(', '));
      return refuse(c, new Failure('METHOD_NOT_ALLOWED'), base);
    },
  });
  app.notFound(async c => {
    await judgeMethod(c, async () => {
      c.res = refuse(c, new Failure('NOT_FOUND'), base);
    });
    return c.res;
  });

  healthRoutes(app, deps, metrics);
  const add = routeAdder(app, deps);
  loginRoutes(add);
  deviceRoutes(add, deps, links);
  deviceHealthRoute(add);
  followRoutes(app, add, deps);
  movingRoutes(app, add, deps);
  appRoutes(add, deps, links);
  passkeyRoutes(add);
  sendRoutes(add);
  sendMediaRoutes(add, deps);
  messageRoutes(add, deps);
  userRoutes(add, deps);
  chatRoutes(add, deps);
  chatChangeRoutes(add);
  labelRoutes(add);
  groupRoutes(add, deps);
  communityRoutes(add, deps);
  newsletterRoutes(add);
  callRoutes(add);
  mediaRoutes(app, add, deps);
  eventTypeRoutes(add);
  eventRoutes(app, add, deps);
  keyRoutes(add, deps);
  auditRoutes(add, deps);
  settingsRoutes(add);
  webhookRoutes(add, deps);
  webhookDeliveryRoutes(add, deps);
  liveRoute(app, deps);
  openapiRoute(app, deps);
  pageRoutes(app, deps);
  return app;
}
