// GET /ws, where a request becomes a WebSocket (../upgrade.ts); asked without an upgrade it says so, as gowa does.
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Failure } from '../../errors.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { entry } from '../entry.ts';

export function liveRoute(app: OpenAPIHono<ApiEnv>, { audit }: ApiDeps): void {
  app.get('/ws', entry(audit, { id: 'live', method: 'get', scope: 'read' }), c => {
    const admit = c.env?.admit;
    if (!admit) throw new Failure('UPGRADE_REQUIRED');
    const devices = c.get('devices');
    admit(id => devices.find(id) !== undefined);
    return c.body(null, 204);
  });
}
