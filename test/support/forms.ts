// Multipart forms with files, as gowa's clients send them.
import { answered } from './api.ts';

export type FormValue = string | boolean | number | File | readonly File[];

export const fileOf = (bytes: Uint8Array, name = 'file', type = 'application/octet-stream') =>
  new File([new Uint8Array(bytes)], name, { type });

/** Posts a form to a node; a field with several files has them under its one name. */
export async function postForm(
  base: string,
  path: string,
  fields: Readonly<Record<string, FormValue>>,
  headers: Record<string, string> = {},
) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? value : [value])
      body.append(name, one instanceof File ? one : String(one));
  return answered(await fetch(new URL(path, base), { method: 'POST', body, headers }));
}
