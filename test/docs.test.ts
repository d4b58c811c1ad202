import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
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

test('docs/configuration.md is what the table of settings says', () => {
  const script = fileURLToPath(new URL('../scripts/configdoc.js', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
