// The titles of tests, for pages that name the tests which show what they say.
import { readdirSync, readFileSync } from 'node:fs';

const root = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** A test's title as its source has it. */
export interface Title {
  readonly parts: RegExp;
  /** The file without `_` between digits. */
  readonly source: string;
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** A title with parameters is one that has anything in their places. */
function titlesOf(file: string): Title[] {
  const source = read(file);
  const call = /^\s*(?:await )?(?:t\.)?test\(\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/gm;
  return [...source.matchAll(call)].map(([, literal = '']) => {
    const text = literal.slice(1, -1).replaceAll(/\\(.)/g, '$1');
    const parts = text.split(/\$\{[^}]+\}/).map(escaped);
    return {
      parts: new RegExp(`^${parts.join('(.+?)')}$`),
      source: source.replaceAll(/(?<=\d)_(?=\d)/g, ''),
    };
  });
}

/** Titles may name several values in the place of one parameter, as `lid or pn`; the file must have each of them. */
export function titleExists(title: string, titles: readonly Title[]): boolean {
  return titles.some(({ parts, source }) => {
    const match = parts.exec(title);
    return (
      match?.slice(1).every(given => given.split(' or ').every(value => source.includes(value))) ?? false
    );
  });
}

/** Of every test file below `test/`, by its path as `named` shortens it. */
export function testTitles(named: (path: string) => string = path => path): Map<string, Title[]> {
  return new Map(
    readdirSync(new URL('test/', root), { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith('.test.ts'))
      .map(name => name.replaceAll('\\', '/'))
      .map(name => [named(name), titlesOf(`test/${name}`)]),
  );
}
