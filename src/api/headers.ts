/**
 * Headers that an answer gets whatever it is: its id, limits, what caches and browsers may do with it. They are collected as
 * plain text and given to the answer when it is made; in a `Headers` of Hono's context each would be judged, copied and sorted.
 */
import type { Context } from 'hono';
import type { ApiEnv } from './deps.ts';

/** Says it with whatever is answered. */
export function tell(c: Context<ApiEnv>, name: Lowercase<string>, value: string): void {
  c.get('headers')[name] = value;
}

/** An answer of JSON with what was told, and with headers of its own. */
export function jsonAnswer(
  c: Context<ApiEnv>,
  body: string,
  status: number,
  own: Readonly<Record<string, string>> = {},
): Response {
  const headers = { 'content-type': 'application/json', ...c.get('headers'), ...own };
  c.set('told', true);
  return new Response(body, { status, headers });
}

/** Gives an answer that was made otherwise what was told, but for what it says itself. */
export function tellAll(c: Context<ApiEnv>): void {
  if (c.get('told')) return;
  const { headers } = c.res;
  for (const [name, value] of Object.entries(c.get('headers')))
    if (!headers.has(name)) headers.set(name, value);
}
