// docs/features.md against the tests: what it says of Cardume is shown by tests that exist, or has its reason.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { testTitles, titleExists } from './support/titles.ts';

const page = readFileSync(new URL('../../docs/features.md', import.meta.url), 'utf8');
const rows = [...page.matchAll(/^\| (.+?) \| (.+?) \|(?: .+ \|)$/gm)]
  .map(([, name = '', cell = '']) => ({ name, cell }))
  .filter(({ cell }) => cell !== 'Cardume' && cell !== '---');

test('every yes and part of docs/features.md names tests that exist, and every no says why', () => {
  const files = testTitles();
  const wrong = rows.flatMap(({ name, cell }) => {
    if (/^(no|not yet): .{10}/.test(cell)) return [];
    const named = [...cell.matchAll(/"([^"]+)" \(([a-z0-9/-]+\.test\.ts)\)/g)];
    if (!/^(yes|part)\b/.test(cell) || named.length === 0) return [`${name}: ${cell}`];
    return named
      .filter(([, title = '', file = '']) => !titleExists(title, files.get(file) ?? []))
      .map(([, title, file]) => `${name}: "${title}" is not in ${file}`);
  });
  assert.deepEqual(wrong, []);
  assert.ok(rows.length > 110, `only ${rows.length} rows were understood`);
});

test('what gowa has and we have not is named with its reason', () => {
  const lines = page.split('\n').filter(line => line.startsWith('| '));
  const lacking = lines
    .map(line => line.split(/(?<!\\)\|/).map(cell => cell.trim()))
    .filter(([, , ours = '', gowas = '']) => /^\**Y/.test(gowas) && !/^(yes|part)\b/.test(ours))
    .map(([, name]) => name);
  assert.deepEqual(lacking, [
    '**Passkey pairing**',
    'Sending without a phone check (`account_validation` off)',
    'Media download on demand',
    'MCP server',
  ]);
});
