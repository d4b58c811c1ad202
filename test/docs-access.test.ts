import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, 'utf8');

/** The rows of the checklist that docs/access.md answers for. */
const ROWS = [
  [1, 18],
  [29, 36],
  [54, 59],
].flatMap(([first = 0, last = 0]) => Array.from({ length: last - first + 1 }, (_, n) => `S${first + n}`));

function titles(): string[] {
  const files = readdirSync(`${root}test`, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.test.ts'))
    .map(name => `test/${name.replaceAll('\\', '/')}`);
  return files.flatMap(file =>
    [...read(file).matchAll(/\btest\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")/g)].flatMap(
      ([, single, double]) => {
        const title = (single ?? double ?? '').replaceAll("\\'", "'");
        const [, named] = /^(S\d+(?:, S\d+)*): /.exec(title) ?? [];
        const rows = named?.split(', ').filter(row => ROWS.includes(row)) ?? [];
        return rows.map(row => `${row} | ${title} | ${file}`);
      },
    ),
  );
}

test('docs/access.md names a test for every row of the checklist, and no test that there is not', () => {
  const table = [
    ...read('docs/access.md').matchAll(/^\| (S\d+) +\| (.+?) +\| \[.+?\]\(\.\.\/(.+?)\) +\|$/gm),
  ];
  const documented = table.map(([, row, title, file]) => `${row} | ${title} | ${file}`);
  const known = new Set(titles());
  assert.deepEqual(
    documented.filter(row => !known.has(row)),
    [],
  );
  const rows = new Set(table.map(([, row]) => row));
  assert.deepEqual(
    ROWS.filter(row => !rows.has(row)),
    [],
  );
});
