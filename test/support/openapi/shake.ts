// Sends generated requests to a node, many at a time, and judges every answer by the API description.
import { seeded } from '../random.ts';
import { type Answered, type ApiDocument, type ApiOperation, answerJudge, operationsOf } from './document.ts';
import { type Known, type Made, makeRequest } from './generate.ts';

/** Who knows what there is to name in requests, and learns of more by their answers. */
export interface Guide {
  /** The device that a request is for: an id, or whatever is to be tried. */
  device(operation: ApiOperation, random: () => number): string | undefined;
  known(operation: ApiOperation, device: string | undefined, random: () => number): Known;
  /** Of every success, with what was known for the request. */
  learn(operation: ApiOperation, device: string | undefined, known: Known, heard: Heard): void;
}

export interface Heard extends Answered {
  readonly bytes: Uint8Array;
}

export interface Shake {
  readonly url: string;
  readonly guide: Guide;
  readonly seeds: readonly number[];
  readonly atOnce: number;
  /** Milliseconds after which an answer is a hang. */
  readonly within: number;
  /** The Authorization header of every request. */
  readonly authorization: string;
}

export interface Asked {
  asked: number;
  succeeded: number;
  /** Milliseconds of all its answers together. */
  took: number;
  /** What right requests were refused with, and how often. */
  readonly refusals: Map<string, number>;
}

export interface Shaken {
  readonly requests: number;
  /** Answers by status. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Failures by code. */
  readonly codes: ReadonlyMap<string, number>;
  /** What became of each operation. */
  readonly operations: ReadonlyMap<string, Asked>;
  /** What must not be, with the seed that makes it again. */
  readonly failures: readonly string[];
}

/** Statuses that say that a fault is ours, whatever is documented. */
const ours = new Set([500]);
const ENOUGH_FAILURES = 20;
/** Right requests more for an operation that has not succeeded yet. */
const SECOND_HELPING = 30;

export async function shake({ url, guide, seeds, atOnce, within, authorization }: Shake): Promise<Shaken> {
  const document = (await (
    await fetch(new URL('openapi.json', url), { headers: { authorization } })
  ).json()) as ApiDocument;
  const operations = operationsOf(document);
  const wrongWith = answerJudge(document);
  const statuses = new Map<number, number>();
  const counted = new Map<string, Asked>(
    operations.map(({ operationId }) => [
      operationId,
      { asked: 0, succeeded: 0, took: 0, refusals: new Map() },
    ]),
  );
  const codes = new Map<string, number>();
  const failures: string[] = [];
  /** One of each is enough. */
  const kinds = new Set<string>();
  const fail = (id: string, about: string, wrong: string) => {
    const kind = `${id} ${wrong.slice(0, 60)}`;
    if (!kinds.has(kind)) failures.push(`${about}: ${wrong}`);
    kinds.add(kind);
  };

  async function ask(seed: number, operation: ApiOperation, wrong?: boolean): Promise<void> {
    const random = seeded(seed);
    const device = guide.device(operation, random);
    const known = guide.known(operation, device, random);
    const made = makeRequest({ random, document, operation, known, ...(wrong !== undefined && { wrong }) });
    const about = `FUZZ_SEED=${seed}: ${operation.method.toUpperCase()} ${made.target} as ${device} (${made.wrong.join(', ') || 'nothing wrong'}) ${shown(made)}`;
    const count = counted.get(operation.operationId);
    const begun = performance.now();
    try {
      const named = device === undefined ? {} : { 'x-device-id': encodeURIComponent(device) };
      const heard = await send(url, operation, made, { authorization, ...named }, within);
      add(statuses, heard.status);
      const { code = 'none', message = '' } = (heard.body ?? {}) as { code?: string; message?: string };
      if (heard.status !== 200) add(codes, code);
      if (heard.status === 200) guide.learn(operation, device, known, heard);
      if (count) {
        count.asked += 1;
        count.took += performance.now() - begun;
        if (heard.status === 200) count.succeeded += 1;
        else if (made.wrong.length === 0) add(count.refusals, `${code} (${message.slice(0, 60)})`);
      }
      // Node's parser answers header fields of more than 16 KB itself, before there is a request.
      if (heard.status === 431) return;
      const fault = ours.has(heard.status) ? JSON.stringify(heard.body) : wrongWith(operation, heard);
      if (fault !== undefined) fail(operation.operationId, about, fault);
    } catch (error) {
      fail(operation.operationId, about, String(error));
    }
  }

  // In turn, so that each is asked equally often; what it is asked is by chance.
  const waiting = seeds.map(seed => ({ seed, operation: operations[seed % operations.length]! })).reverse();
  const work = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop())
      if (failures.length < ENOUGH_FAILURES) await ask(next.seed, next.operation);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  let further = 0;
  const [last = 0] = seeds.slice(-1);
  if (seeds.length > operations.length)
    for (const operation of operations)
      for (let more = 1; more <= SECOND_HELPING; more++) {
        if (counted.get(operation.operationId)?.succeeded || failures.length >= ENOUGH_FAILURES) break;
        await ask(last + ++further, operation, false);
      }
  return { requests: seeds.length + further, statuses, codes, operations: counted, failures };
}

function add<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

async function send(
  url: string,
  { method }: ApiOperation,
  { target, headers, body }: Made,
  more: Readonly<Record<string, string>>,
  within: number,
): Promise<Heard> {
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
  // A stream has no end: what it begins with is enough.
  const bytes =
    type === 'text/event-stream' ? await beginning(response) : new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  return {
    status: response.status,
    type,
    body: type === 'application/json' ? JSON.parse(text) : text,
    bytes,
  };
}

async function beginning({ body }: Response): Promise<Uint8Array> {
  const reader = body!.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return value ?? new Uint8Array();
}

function shown({ body }: Made): string {
  if (body === undefined) return '';
  const text = body instanceof FormData ? JSON.stringify([...body]) : Buffer.from(body).toString();
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length})` : text;
}
