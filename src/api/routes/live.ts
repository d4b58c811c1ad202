// GET /ws, where a request becomes a WebSocket (../upgrade.ts); asked without an upgrade it says so, as gowa does.
import type { OpenAPIHono } from '@hono/zod-openapi';
import { Failure } from '../../errors.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { entry } from '../entry.ts';

export function liveRoute(app: OpenAPIHono<ApiEnv>, { audit }: ApiDeps): void {
  const scope = 'read';
  app.get('/ws', entry(audit, { id: 'live', method: 'get', scope }), c => {
    const admit = c.env?.admit;
    if (!admit) throw new Failure('UPGRADE_REQUIRED');
    // Long after the request: its key may have ended since, or be for other devices.
    const standing = c.get('standing');
    admit(() => {
      const now = standing();
      return now?.actor.scopes.has(scope) ? id => now.devices.find(id) !== undefined : undefined;
    });
    return c.body(null, 204);
  });
}
