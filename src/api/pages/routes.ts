// The pages and their assets, with the headers that keep them closed: no inline script, no frame, nothing from elsewhere.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ApiDeps, ApiEnv } from '../deps.ts';
import { entry } from '../entry.ts';
import { findDevice } from '../selection.ts';
import { assets } from './assets.ts';
import { errorsPage } from './errors.ts';
import { homePage } from './home.ts';
import { qrPage } from './qr.ts';
import { referencePage } from './reference.ts';

/** Paths that a link from another site may lead to. Nothing happens when they are only looked at. */
export function isPage(path: string): boolean {
  return path === '/' || path === '/docs' || path === '/errors' || /^\/devices\/[^/]+\/qr$/.test(path);
}

export function pageRoutes(app: OpenAPIHono<ApiEnv>, { simulator, audit, basePath }: ApiDeps): void {
  const control = simulator?.controlUrl.replace(/\/+$/, '');
  const headers = pageHeaders(control && new URL(control).origin);
  const show = (c: Context<ApiEnv>, page: string) => c.html(page, 200, headers);

  const door = (id: string) => entry(audit, { id, method: 'get', scope: 'devices' });

  app.get('/', door('homePage'), c =>
    show(c, homePage(c.get('devices').list(), control !== undefined, basePath)),
  );
  app.get('/devices/:device_id/qr', door('qrPage'), c =>
    show(c, qrPage(findDevice(c.get('devices'), c.req.param('device_id')), control, basePath)),
  );
  app.get('/docs', c => show(c, referencePage(basePath)));
  app.get('/errors', c => show(c, errorsPage(basePath)));
  for (const { name, type, content } of assets)
    app.get(`/assets/${name}`, c => c.body(content, 200, { 'content-type': type }));
}

/** `control` is the origin of the simulator, the only other one that a page's script may talk to. */
function pageHeaders(control: string | undefined): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${control ? ` ${control}` : ''}`,
    "form-action 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
  };
}
