// What the pages say in sentences: routes, settings and files that they name are there.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { envName, type SettingName, settings } from '../src/config.ts';
import { codes } from '../src/errors.ts';
import { createApi } from './support/api.ts';

const root = new URL('../../', import.meta.url);
/** Those that speak of Cardume alone: the comparisons name what others have. */
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...[
    'access',
    'device-states',
    'events',
    'health',
    'media',
    'operations',
    'reliability',
    'sealing',
    'streams',
  ].map(name => `docs/${name}.md`),
];
const text = (page: string) => readFileSync(new URL(page, root), 'utf8');

/** Pages and sockets, which the document does not have. */
const UNLISTED = new Set([
  '/',
  '/docs',
  '/errors',
  '/openapi.json',
  '/asyncapi.json',
  '/ws',
  '/devices/*/qr',
  '/statics/media/*',
]);

test('every route that a page names with its method is there', async () => {
  const { app } = createApi();
  const { paths } = (await (await app.request('/openapi.json')).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const routes = new Set(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method.toUpperCase()} ${path.replace(/\{.*?\}/g, '*')}`),
    ),
  );
  const named = pages.flatMap(page =>
    [...text(page).matchAll(/`(GET|POST|PATCH|DELETE) (\/[^\s`?]*)/g)].map(
      ([, method, path = '']) => [page, `${method} ${path.replace(/\{.*?\}/g, '*')}`] as const,
    ),
  );
  assert.ok(named.length > 40, `only ${named.length} were understood`);
  const wrong = named.filter(
    ([, route]) => !routes.has(route) && !UNLISTED.has(route.split(' ')[1] ?? '') && !route.endsWith('/'),
  );
  assert.deepEqual(wrong, []);
});

test('every setting and code that a page names is there', () => {
  const known = new Set([
    ...(Object.keys(settings) as SettingName[]).flatMap(name => [
      envName(name),
      ...(settings[name].aliases ?? []),
    ]),
    ...Object.keys(codes),
    // What the image sets for the programs below the node.
    ...[...text('Dockerfile').matchAll(/\b([A-Z_]+)=/g)].map(([, name = '']) => name),
  ]);
  /** Of the tests, of Node, of the C library, and parts of longer names. */
  const others = /^(?:CARDUME|CRASH|FUZZ|SOAK|ERR|MALLOC)_/;
  const wrong = pages.flatMap(page =>
    [...text(page).matchAll(/`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[^`]*)?`/g)]
      .map(([, name = '']) => name)
      .filter(name => !known.has(name) && !others.test(name))
      .map(name => `${page}: ${name}`),
  );
  assert.deepEqual(wrong, []);
});

test('every file of ours that a page names is there', () => {
  const wrong = pages.flatMap(page =>
    [...text(page).matchAll(/`((?:src|test|scripts|workers)\/[\w./-]+)`/g)]
      .map(([, path = '']) => path)
      .filter(path => !path.includes('NNNN') && !existsSync(new URL(path, root)))
      .map(path => `${page}: ${path}`),
  );
  assert.deepEqual(wrong, []);
});
