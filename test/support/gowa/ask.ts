// One request of gowa's contract, as a client of gowa would send it.
import type { Call } from './calls.ts';
import type { Operation } from './contract.ts';
import { DEVICE } from './world.ts';

export interface Heard {
  readonly status: number;
  readonly type: string;
  /** Parsed where it is JSON. */
  readonly body: unknown;
}

/** The call with its fields in the body, as JSON or as the form that the contract documents. */
export function requestOf(base: string, operation: Operation, call: Call): Request {
  const path = operation.path.replaceAll(/\{(.+?)\}/g, (_, name: string) =>
    encodeURIComponent(call.path?.[name] ?? name),
  );
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
  const device = call.device === undefined && operation.selects ? DEVICE : call.device;
  return new Request(url, {
    method: operation.method,
    headers: { ...(device && { 'X-Device-Id': device }), ...(isJson(operation, call) && JSON_TYPE) },
    ...(call.body && { body: isJson(operation, call) ? JSON.stringify(call.body) : form(call.body) }),
  });
}

export async function ask(base: string, operation: Operation, call: Call): Promise<Heard> {
  const response = await fetch(requestOf(base, operation, call));
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const text = await response.text();
  return { status: response.status, type, body: type === 'application/json' ? JSON.parse(text) : text };
}

const JSON_TYPE = { 'content-type': 'application/json' };

const isJson = ({ type }: Operation, { body }: Call) => body !== undefined && type === 'application/json';

function form(body: Readonly<Record<string, unknown>>): FormData {
  const fields = new FormData();
  for (const [name, value] of Object.entries(body))
    for (const one of Array.isArray(value) ? value : [value])
      if (one instanceof Blob) fields.append(name, one, 'picture.png');
      else fields.append(name, String(one));
  return fields;
}
