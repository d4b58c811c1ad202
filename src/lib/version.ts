import { readFileSync } from 'node:fs';

/** Our version, from the package.json beside `src/` or above `dist/`. */
export const version: string = read('../../package.json') ?? read('../../../package.json') ?? 'unknown';

function read(path: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as Record<
      string,
      string
    >;
    return name === 'cardume' ? version : undefined;
  } catch {
    return undefined; // not there: the other place
  }
}
