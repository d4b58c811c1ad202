// What a client outside this process needs to trust the simulator.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { World } from '../world.ts';

/** A PEM file, as NODE_EXTRA_CA_CERTS, curl --cacert and trust stores take it. */
export function tlsRoutes(app: OpenAPIHono, world: World): void {
  app.openAPIRegistry.registerPath({
    operationId: 'caCertificate',
    method: 'get',
    path: '/ca.pem',
    tags: ['world'],
    summary: 'The certificate authority to trust for the https and wss URLs, PEM',
    responses: {
      '4XX': { description: 'Refused' },
      200: { description: 'PEM', content: { 'application/x-pem-file': { schema: { type: 'string' } } } },
    },
  });
  app.get('/ca.pem', context =>
    context.body(world.caCertificate, 200, { 'content-type': 'application/x-pem-file' }),
  );
}
