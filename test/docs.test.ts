import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { codes } from '../src/errors.ts';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

test('docs/errors.md has every error code with its status, its advice and its sentence, and no other', () => {
  const rows = [...page('errors.md').matchAll(/^\| `([A-Z_]+)` +\| (\d+) +\| ([a-z ]+?) +\| (.+?) +\|$/gm)];
  const documented = rows.map(([, code, status, retry, text]) => ({
    code,
    status: Number(status),
    retry,
    text,
  }));
  const registered = Object.entries(codes).map(([code, { status, retry, text }]) => ({
    code,
    status,
    retry,
    text,
  }));
  assert.deepEqual(documented, registered);
});
