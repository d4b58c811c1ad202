// Serves the page at the control URL and the API's reference at /docs: plain files beside this one, read at their first use.
import { readFile } from 'node:fs/promises';
import type { OpenAPIHono } from '@hono/zod-openapi';

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

// Whatever a name or a message holds, nothing but these files runs, and nothing leaves.
const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function pageRoutes(app: OpenAPIHono): void {
  const kept = new Map<string, Promise<Buffer>>();
  const file = async (name: string) => {
    let content = kept.get(name);
    if (!content) {
      content = readFile(new URL(`./page/${name}`, import.meta.url));
      kept.set(name, content);
    }
    return new Response(new Uint8Array(await content), {
      headers: {
        'content-type': types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
        'content-security-policy': CSP,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      },
    });
  };
  app.get('/', () => file('index.html'));
  app.get('/docs', () => file('docs.html'));
  app.get('/page/:name{[a-z-]+\\.(?:js|css|svg)}', async context => {
    try {
      return await file(context.req.param('name'));
    } catch {
      kept.delete(context.req.param('name'));
      return context.notFound();
    }
  });
}
