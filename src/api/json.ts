// JSON of callers, read strictly: what two readers could understand differently is refused instead of read in our way.
import { Failure } from '../errors.ts';

/** No body of ours is deeper than four. */
const DEEPEST = 32;

/** The value. Fails with BAD_REQUEST where it is no JSON, has a name twice in an object, or is too deep. */
export function readJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Failure('BAD_REQUEST', 'The request body is not valid JSON.', { cause });
  }
  assertPlain(text);
  return value;
}

/** Goes over text that is JSON for certain. `JSON.parse` keeps the last of two values, other parsers the first. */
function assertPlain(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let names: Set<string> | undefined;
  let atName = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      if (names && atName) {
        const name = JSON.parse(text.slice(at, end + 1)) as string;
        if (names.has(name)) throw new Failure('BAD_REQUEST', 'The JSON has a name twice in one object.');
        names.add(name);
        atName = false;
      }
      at = end;
    } else if (character === '{' || character === '[') {
      if (open.length === DEEPEST)
        throw new Failure('BAD_REQUEST', `The request body is nested deeper than ${DEEPEST}.`);
      open.push(names);
      atName = character === '{';
      names = atName ? new Set() : undefined;
    } else if (character === '}' || character === ']') {
      names = open.pop();
    } else if (character === ',') {
      atName = names !== undefined;
    }
  }
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
