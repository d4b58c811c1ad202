/** Queries by number, with variables and answers as JSON (GraphQL over `w:mex`; Baileys Socket/mex.ts, whatsmeow newsletter.go). */
import { S_WHATSAPP_NET } from '@whiskeysockets/baileys';
import type { Connection } from '../line/connection.ts';
import { textIn } from '../translate/nodes.ts';
import { answered, childOf, Refusal } from './answer.ts';

/** A value of an answer whose shape nobody promises. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** Asks; resolves with what the answer has under `path`. An error within a good answer fails, too. */
export async function askMex(
  { socket }: Connection,
  queryId: string,
  variables: Readonly<Record<string, unknown>>,
  path: string,
): Promise<Json> {
  const answer = answered(
    await socket.query({
      tag: 'iq',
      attrs: { id: socket.generateMessageTag(), type: 'get', to: S_WHATSAPP_NET, xmlns: 'w:mex' },
      content: [
        { tag: 'query', attrs: { query_id: queryId }, content: Buffer.from(JSON.stringify({ variables })) },
      ],
    }),
  );
  const told = JSON.parse(textIn(childOf(answer, 'result')) ?? '') as Json;
  const [error] = listAt(told, 'errors');
  if (error !== undefined) {
    const number = at(error, 'extensions', 'error_code');
    throw new Refusal(typeof number === 'number' ? number : 400, textAt(error, 'message') ?? 'mex error');
  }
  const found = at(told, 'data', path);
  if (found === undefined || found === null) throw new Error(`the answer has no ${path}`);
  return found;
}

/** What is at that place, if there is anything. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || Array.isArray(found)) return undefined;
    found = (found as Readonly<Record<string, Json>>)[name];
  }
  return found;
}

/** A text, or a number as text: WhatsApp has times and counts both ways. */
export function textAt(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : undefined;
}

/** The list at that place; empty where there is none. */
export function listAt(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}
