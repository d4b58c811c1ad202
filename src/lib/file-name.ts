// Names of files as other people write them: data to show, never a path.
import { basename } from 'node:path';

const LONGEST = 255;
/** Control characters, and those that turn the order of others around: a name is shown to people. */
const UNSHOWABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A name as it may be shown: no path, nothing unprintable, of a length that file systems take. Undefined when nothing is left. */
export function cleanName(name: string | undefined): string | undefined {
  const last = basename((name ?? '').replaceAll('\\', '/').replace(UNSHOWABLE, '')).trim();
  if (last === '' || last === '.' || last === '..') return undefined;
  if (last.length <= LONGEST) return last;
  const dot = last.lastIndexOf('.');
  const extension = dot > last.length - 12 ? last.slice(dot) : '';
  return last.slice(0, LONGEST - extension.length).replace(/\p{Surrogate}$/u, '') + extension;
}
