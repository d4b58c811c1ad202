// GET /ws, where a request becomes a WebSocket (../upgrade.ts); asked without an upgrade it says so, as gowa does. With
// `events` it carries the journal beside what gowa tells.
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { Failure } from '../../errors.ts';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { entry } from '../entry.ts';
import { askedOf, begin, sharer, streamFields } from '../following.ts';
import { namedDevice } from '../selection.ts';
import { validated } from '../validate.ts';

const fields = z.object(streamFields);

export function liveRoute(app: OpenAPIHono<ApiEnv>, { audit, events, live }: ApiDeps): void {
  const scope = 'read';
  app.get('/ws', entry(audit, { id: 'live', method: 'get', scope }), async c => {
    const admit = c.env?.admit;
    if (!admit) throw new Failure('UPGRADE_REQUIRED');
    // Long after the request: its key may have ended since, or be for other devices.
    const standing = c.get('standing');
    const by = sharer(c.get('actor'));
    live.room(by);
    const { types, ...query } = validated(fields, { ...c.req.query(), types: c.req.query('events') });
    const id = types === undefined ? undefined : namedDevice({ query: query.device_id });
    const asked =
      types === undefined
        ? undefined
        : askedOf({ ...query, types }, c.get('devices'), id, c.get('actor').scopes);
    const reading = asked && (await begin(events, asked, scope, 'websocket', standing));
    const sees = () => {
      const now = standing();
      return now?.actor.scopes.has(scope) ? (id: string) => now.devices.find(id) !== undefined : undefined;
    };
    admit({ standing: sees, by, reading });
    return c.body(null, 204);
  });
}
