// What the simulator itself costs, told by its process: a benchmark measures others, and takes this off or looks at it.
import { z } from '@hono/zod-openapi';
import { type AddRoute, shapes } from './route.ts';

const Usage = z.object({
  pid: z.number(),
  cpuMs: z.number().openapi({ description: 'User and system time of the process so far, all threads.' }),
  rss: z.number().openapi({ description: 'Bytes, as everything below.' }),
  heapUsed: z.number(),
  external: z.number().openapi({ description: 'Outside the heap, array buffers included.' }),
  arrayBuffers: z.number(),
});

export const processShapes = shapes({
  process: {
    id: 'process',
    method: 'get',
    path: '/process',
    tag: 'world',
    summary: 'CPU time and memory of the process that the simulator runs in',
    query: z.object({
      collect: z.enum(['true']).optional().openapi({
        description: 'Collects garbage first, where Node runs with --expose-gc: what is left is in use.',
      }),
    }),
    results: Usage,
  },
});

export function processRoutes(add: AddRoute): void {
  add(processShapes.process, ({ query }) => {
    if (query.collect) (globalThis as { gc?: () => void }).gc?.();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    return { pid: process.pid, cpuMs: (user + system) / 1000, rss, heapUsed, external, arrayBuffers };
  });
}
