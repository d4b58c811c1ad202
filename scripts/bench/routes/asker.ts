/** The caller of the routes, in a process of its own so that its CPU is not counted: one request after the other. */
import { Pool } from 'undici';
import type { Ask, Asked } from './asker-protocol.ts';

const pools = new Map<string, Pool>();

function poolOf(origin: string): Pool {
  const pool = pools.get(origin) ?? new Pool(origin, { connections: 1, pipelining: 1 });
  pools.set(origin, pool);
  return pool;
}

process.on('message', async ({ id, origin, request, times }: Ask) => {
  const { method, target, headers, body } = request;
  const statuses = new Set<number>();
  try {
    for (let n = 0; n < times; n++) {
      const answer = await poolOf(origin).request({
        method: method as 'GET',
        path: target,
        headers,
        ...(body && { body: Buffer.from(body, 'base64') }),
      });
      await answer.body.dump();
      statuses.add(answer.statusCode);
    }
    process.send?.({ id, statuses: [...statuses] } satisfies Asked);
  } catch (error) {
    process.send?.({ id, error: String(error) } satisfies Asked);
  }
});
