// GET /ws, where a request becomes a WebSocket (../upgrade.ts); asked without an upgrade it says so, as gowa does.
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Failure } from '../../errors.ts';
import type { ApiEnv } from '../deps.ts';

export function liveRoute(app: OpenAPIHono<ApiEnv>): void {
  app.get('/ws', c => {
    const admit = c.env?.admit;
    if (!admit) throw new Failure('UPGRADE_REQUIRED');
    admit(() => true);
    return c.body(null, 204);
  });
}
