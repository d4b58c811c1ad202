// The OpenAPI document, from the same descriptions that validate the requests, and the AsyncAPI one, from the catalogue of events.
// What describes events is loaded when somebody asks for it.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps, ApiEnv } from './deps.ts';
import { tags } from './route.ts';

type Document = ReturnType<OpenAPIHono<ApiEnv>['getOpenAPI31Document']>;

const description = `Many WhatsApp devices behind one HTTP API.

A device is named by the \`X-Device-Id\` header, by the \`device_id\` query, or by being the only one; its id and the JID of
its account both do. Answers are \`{code, message, results?}\`; a failure's \`code\` is one of those in docs/errors.md.`;

/** Serves /openapi.json, made at the first request, and /asyncapi.json: nobody else pays for them. */
export function openapiRoute(app: OpenAPIHono<ApiEnv>, { version, basePath }: ApiDeps): void {
  const { openAPIRegistry: registry } = app;
  registry.registerComponent('securitySchemes', 'key', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'header', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
  });
  registry.registerComponent('securitySchemes', 'user', { type: 'http', scheme: 'basic' });
  let document: Promise<Document> | undefined;
  const made = async (): Promise<Document> => {
    const { webhooks } = await import('../journal/catalogue/documents.ts');
    const described = app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Cardume', version, description, license: { name: 'MIT' } },
      servers: [{ url: basePath === '' ? '/' : basePath }],
      security: [{ key: [] }, { header: [] }, { user: [] }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    });
    return { ...described, webhooks: webhooks() as NonNullable<Document['webhooks']> };
  };
  app.get('/openapi.json', async c => {
    document ??= made();
    return c.json(await document);
  });
  app.get('/asyncapi.json', async c => {
    const { asyncapi } = await import('../journal/catalogue/documents.ts');
    return c.json(asyncapi({ version, basePath }));
  });
}
