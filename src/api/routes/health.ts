// Is the process alive, can it serve, and how is it doing.
import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { entry } from '../entry.ts';
import type { Metrics } from '../metrics.ts';

const text = z.string();
const readiness = z.object({
  ready: z.boolean(),
  reasons: z.array(z.string()).optional().openapi({ description: 'Why it is not ready.' }),
  notes: z
    .array(z.string())
    .optional()
    .openapi({ description: 'What does not work on this machine; it is ready for the rest.' }),
});

/** /health as gowa has it (a text, no credential), /ready with its reasons, /metrics for Prometheus. */
export function healthRoutes(
  app: OpenAPIHono<ApiEnv>,
  { readiness: current, audit }: ApiDeps,
  metrics: Metrics,
): void {
  app.openAPIRegistry.registerPath({
    operationId: 'health',
    method: 'get',
    path: '/health',
    tags: ['app'],
    summary: 'The process answers',
    security: [],
    responses: {
      200: { description: 'OK', content: { 'text/plain': { schema: text.openapi({ example: 'OK' }) } } },
    },
  });
  app.get('/health', c => c.text('OK'));

  const content = { 'application/json': { schema: readiness } };
  app.openAPIRegistry.registerPath({
    operationId: 'ready',
    method: 'get',
    path: '/ready',
    tags: ['app'],
    summary: 'The server can do its work, or what is missing',
    responses: { 200: { description: 'Ready', content }, 503: { description: 'Not ready', content } },
  });
  app.get('/ready', async c => {
    const { ready, reasons, notes = [] } = await current();
    const beside = notes.length > 0 ? { notes } : {};
    return ready
      ? c.json({ ready, ...beside })
      : c.json({ ready, reasons, ...beside }, 503, { 'retry-after': '2' });
  });

  app.openAPIRegistry.registerPath({
    operationId: 'metrics',
    method: 'get',
    path: '/metrics',
    tags: ['app'],
    summary: 'Metrics for Prometheus',
    responses: { 200: { description: 'Metrics', content: { 'text/plain': { schema: text } } } },
  });
  app.get('/metrics', entry(audit, { id: 'metrics', method: 'get', scope: 'admin' }), async c =>
    c.body(await metrics.text(), 200, { 'content-type': metrics.contentType }),
  );
}
