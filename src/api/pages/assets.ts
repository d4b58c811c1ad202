// Scripts and style sheets of the pages: files beside this one, read once.
import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('./assets/', import.meta.url);

export interface Asset {
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

export const assets: readonly Asset[] = readdirSync(folder).map(name => ({
  name,
  type: name.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
  content: readFileSync(new URL(name, folder), 'utf8'),
}));
