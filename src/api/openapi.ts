// The OpenAPI document, from the same descriptions that validate the requests.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps, ApiEnv } from './deps.ts';
import { tags } from './route.ts';

type Document = ReturnType<OpenAPIHono<ApiEnv>['getOpenAPI31Document']>;

const description = `Many WhatsApp devices behind one HTTP API.

A device is named by the \`X-Device-Id\` header, by the \`device_id\` query, or by being the only one; its id and the JID of
its account both do. Answers are \`{code, message, results?}\`; a failure's \`code\` is one of those in docs/errors.md.`;

/** Serves the document at /openapi.json. It is made at the first request: nobody else pays for it. */
export function openapiRoute(app: OpenAPIHono<ApiEnv>, { version, basePath }: ApiDeps): void {
  const { openAPIRegistry: registry } = app;
  registry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'header', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
  });
  registry.registerComponent('securitySchemes', 'user', { type: 'http', scheme: 'basic' });
  let document: Document | undefined;
  app.get('/openapi.json', c => {
    document ??= app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Cardume', version, description, license: { name: 'MIT' } },
      servers: [{ url: basePath === '' ? '/' : basePath }],
      security: [{ key: [] }, { header: [] }, { user: [] }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    });
    return c.json(document);
  });
}
