// Sends generated requests to a node, many at a time, and judges every answer by the API description.
import { seeded } from '../random.ts';
import { type Answered, type ApiDocument, type ApiOperation, answerJudge, operationsOf } from './document.ts';
import { type Hints, type Made, makeRequest } from './generate.ts';

export interface Shake {
  readonly url: string;
  readonly hints: Hints;
  /** Names the device that a request is for: an id, or whatever is to be tried. */
  readonly device: (operation: ApiOperation, random: () => number) => string | undefined;
  readonly seeds: readonly number[];
  readonly atOnce: number;
  /** Milliseconds after which an answer is a hang. */
  readonly within: number;
  /** The Authorization header of every request. */
  readonly authorization: string;
}

export interface Shaken {
  readonly requests: number;
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Failures by code. */
  readonly codes: ReadonlyMap<string, number>;
  /** How often each operation was asked, and how often with success. */
  readonly operations: ReadonlyMap<string, { asked: number; succeeded: number }>;
  /** What must not be, with the seed that makes it again. */
  readonly failures: readonly string[];
}

/** Statuses that say that a fault is ours, whatever is documented. */
const ours = new Set([500]);
const ENOUGH_FAILURES = 20;

export async function shake({
  url,
  hints,
  device,
  seeds,
  atOnce,
  within,
  authorization,
}: Shake): Promise<Shaken> {
  const document = (await (
    await fetch(new URL('openapi.json', url), { headers: { authorization } })
  ).json()) as ApiDocument;
  const operations = operationsOf(document);
  const wrongWith = answerJudge(document);
  const statuses = new Map<number, number>();
  const counted = new Map(operations.map(({ operationId }) => [operationId, { asked: 0, succeeded: 0 }]));
  const codes = new Map<string, number>();
  const failures: string[] = [];
  /** One of each is enough. */
  const kinds = new Set<string>();
  const fail = (id: string, about: string, wrong: string) => {
    const kind = `${id} ${wrong.slice(0, 60)}`;
    if (!kinds.has(kind)) failures.push(`${about}: ${wrong}`);
    kinds.add(kind);
  };
  const waiting = [...seeds].reverse();

  async function one(seed: number): Promise<void> {
    const random = seeded(seed);
    // In turn, so that each is asked equally often; what it is asked is by chance.
    const operation = operations[seed % operations.length] as ApiOperation;
    const made = makeRequest({ random, document, operation, hints });
    const id = device(operation, random);
    const about = `FUZZ_SEED=${seed}: ${operation.method.toUpperCase()} ${made.target} as ${id} (${made.wrong.join(', ') || 'nothing wrong'}) ${shown(made)}`;
    try {
      const named = id === undefined ? {} : { 'x-device-id': encodeURIComponent(id) };
      const heard = await send(url, operation, made, { authorization, ...named }, within);
      statuses.set(heard.status, (statuses.get(heard.status) ?? 0) + 1);
      const { code } = (heard.body ?? {}) as { code?: string };
      if (heard.status !== 200) codes.set(code ?? 'none', (codes.get(code ?? 'none') ?? 0) + 1);
      const count = counted.get(operation.operationId);
      if (count) {
        count.asked += 1;
        if (heard.status === 200) count.succeeded += 1;
      }
      // Node's parser answers header fields of more than 16 KB itself, before there is a request.
      if (heard.status === 431) return;
      const wrong = ours.has(heard.status) ? JSON.stringify(heard.body) : wrongWith(operation, heard);
      if (wrong !== undefined) fail(operation.operationId, about, wrong);
    } catch (error) {
      fail(operation.operationId, about, String(error));
    }
  }

  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let seed = waiting.pop(); seed !== undefined; seed = waiting.pop()) {
        if (failures.length < ENOUGH_FAILURES) await one(seed);
      }
    }),
  );
  return { requests: seeds.length, statuses, codes, operations: counted, failures };
}

async function send(
  url: string,
  { method }: ApiOperation,
  { target, headers, body }: Made,
  more: Readonly<Record<string, string>>,
  within: number,
): Promise<Answered> {
  const response = await fetch(new URL(target, url), {
    method: method.toUpperCase(),
    // Set, not added: the description names the header of the device in letters of its own.
    headers: Object.entries(more).reduce((all, [name, value]) => {
      all.set(name, value);
      return all;
    }, new Headers(headers)),
    ...(body !== undefined && { body: body instanceof Uint8Array ? new Uint8Array(body) : body }),
    signal: AbortSignal.timeout(within),
    redirect: 'manual',
  });
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const text = await response.text();
  return { status: response.status, type, body: type === 'application/json' ? JSON.parse(text) : text };
}

function shown({ body }: Made): string {
  if (body === undefined) return '';
  const text = body instanceof FormData ? JSON.stringify([...body]) : Buffer.from(body).toString();
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length})` : text;
}
