// The pages of the simulator against its code: every route, every fault and every close is in them, and every test that
// the page of coverage names is there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { catalogue } from '../src/simulator/faults/catalogue.ts';
import { startSimulator } from '../src/simulator/index.ts';
import { closes } from '../src/simulator/wire/closes.ts';
import { testTitles, titleExists } from './support/titles.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const firstCells = (page: string) => [...page.matchAll(/^\| `([^`]+)` +\|/gm)].map(([, cell]) => cell ?? '');

test('docs/simulator-control.md has every operation of the OpenAPI document once, and no other', async t => {
  const simulator = await startSimulator();
  t.after(() => simulator.stop());
  const document = (await (await fetch(`${simulator.controlUrl}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map(method => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(firstCells(read('docs/simulator-control.md')).sort(), operations.sort());
});

test('docs/simulator-faults.md has every fault, every close with its status code, every poison, and no other', () => {
  const page = read('docs/simulator-faults.md');
  const families = ['close', 'login', 'poison'];
  const familyOf = (name: string) => families.find(family => name.startsWith(`${family}.`));
  const faults = Object.keys(catalogue).map(name => {
    const family = name === 'login.refuse' ? undefined : familyOf(name);
    return family ? `${family}.<${family === 'login' ? 'close' : family}>` : name;
  });
  const poisons = Object.keys(catalogue).flatMap(name =>
    name.startsWith('poison.') ? [name.replace('poison.', '')] : [],
  );
  assert.deepEqual(firstCells(page).sort(), [...new Set(faults), ...Object.keys(closes), ...poisons].sort());
  const codes = [...page.matchAll(/^\| `([a-z0-9-]+)` +\| .+ \| (\d+|none: see below) +\|$/gm)].map(
    ([, name, code]) => [name, code],
  );
  const known = Object.entries(closes).map(([name, { code }]) => [name, String(code ?? 'none: see below')]);
  assert.deepEqual(codes, known);
});

test('every row of docs/simulator-coverage.md names tests that exist, or says why there is none', () => {
  const files = testTitles(name => name.replace(/^simulator\//, ''));
  const rows = [...read('docs/simulator-coverage.md').matchAll(/^\| (.+?) \| (.+) \|$/gm)]
    .map(([, row = '', cell = '']) => ({ row: row.trim(), cell: cell.trim() }))
    .filter(({ row, cell }) => !/^-+$/.test(row) && cell !== 'shown by');
  const wrong = rows.flatMap(({ row, cell }) => {
    const named = [...cell.matchAll(/"([^"]+)" \(([a-z0-9/-]+\.test\.ts)\)/g)];
    if (named.length === 0) return /^(not simulated|no test): .{10}/.test(cell) ? [] : [`${row}: neither`];
    return named
      .filter(([, title = '', file = '']) => !titleExists(title.replaceAll('\\', ''), files.get(file) ?? []))
      .map(([, title, file]) => `${row}: "${title}" is not in ${file}`);
  });
  assert.deepEqual(wrong, []);
  assert.ok(rows.length > 100, `only ${rows.length} rows were understood`);
});
