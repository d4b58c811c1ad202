// A POST with an Idempotency-Key is done once, however often it comes (draft-ietf-httpapi-idempotency-key-header-07): the
// second gets the first one's answer. What failed in a way that may pass is not kept, and may be tried again under its key.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Context } from 'hono';
import type { Answers, Turn } from '../access/answers.ts';
import { codes, type ErrorCode, Failure, type FailureReport } from '../errors.ts';
import { messageIdFrom } from '../lib/message-id.ts';
import type { Upload } from '../media/port.ts';
import { asFailure } from './answer.ts';
import type { ApiEnv } from './deps.ts';
import { jsonAnswer, tell } from './headers.ts';
import { invalid } from './validate.ts';

const HEADER = 'Idempotency-Key';
/** As the draft has it, a string in quotes; most clients send it bare. */
const FORM = /^(?:"([\x20\x21\x23-\x7e]{1,255})"|([\x21\x23-\x7e]{1,255}))$/;

/** Whether a request says that it may come again. */
export const hasKey = (c: Context<ApiEnv>): boolean => c.req.header(HEADER) !== undefined;

/** What is told to the work of a request that has a key. */
export interface Keyed {
  /** It was begun before, and nobody knows how far it came. */
  readonly again: boolean;
  /** The next id of a message, the same when the request comes again: what was sent before is not sent twice. */
  messageId(): string;
}

/** What a request asks for, as far as it must be the same the second time. */
export interface Asked {
  readonly operation: string;
  readonly deviceNo: number | undefined;
  /** Path, query and body. */
  readonly parts: unknown;
  /** What came with it as files. */
  readonly files?: Readonly<Record<string, readonly Upload[]>> | undefined;
  /** Names in the results that are told once and not kept. */
  readonly secrets?: readonly string[] | undefined;
}

/**
 * Does the work, or answers what it answered before; without the header it is the work alone. Fails as the work does, or with
 * IDEMPOTENCY_RUNNING, IDEMPOTENCY_REUSED, VALIDATION_ERROR (no such key), STORE_UNAVAILABLE.
 */
export async function once(
  c: Context<ApiEnv>,
  answers: Answers,
  asked: Asked,
  work: (keyed?: Keyed) => Promise<Response>,
): Promise<Response> {
  const header = c.req.header(HEADER);
  if (header === undefined) return work();
  const key = keyOf(header);
  const realm = c.get('actor').realm;
  const { operation, deviceNo, parts } = asked;
  const fingerprint = hash([operation, deviceNo, parts, await contentsOf(asked.files)]);
  const begun = await answers.begin(hash([realm, key]), fingerprint);
  if (begun.as === 'other') throw new Failure('IDEMPOTENCY_REUSED');
  if (begun.as === 'running') throw new Failure('IDEMPOTENCY_RUNNING', undefined, { retryAfter: 1 });
  if (begun.as === 'done') return replayed(c, begun.answer);
  const { turn } = begun;
  const seed = [realm, asked.deviceNo, asked.operation, key, turn.use];
  let made = 0;
  const keyed: Keyed = {
    again: turn.again,
    messageId: () => messageIdFrom(canonicalText(['message', ...seed, made++])),
  };
  try {
    const response = await work(keyed);
    await turn.keep({ status: response.status, body: kept(await response.clone().text(), asked.secrets) });
    return response;
  } catch (thrown) {
    await ended(turn, asFailure(thrown));
    throw thrown;
  }
}

/** Of these it is known that nothing was done. */
const UNDONE: readonly ErrorCode[] = [
  'DEVICE_NOT_CONNECTED',
  'DEVICE_CRASHED',
  'DEVICE_ELSEWHERE',
  'MEMORY_SHORT',
  'SHUTTING_DOWN',
];

async function ended(turn: Turn, failure: Failure): Promise<void> {
  const { status, code } = failure;
  if (status < 500 && codes[code].retry === 'never')
    return turn.keep({ status, body: JSON.stringify(failure.report()) });
  // What was begun before is not made undone by a second try that could not begin.
  if ((status < 500 || UNDONE.includes(code)) && !turn.again) return turn.forget();
  return turn.leave();
}

function replayed(
  c: Context<ApiEnv>,
  { status, body }: { status: number; body: string | undefined },
): Response {
  tell(c, 'idempotency-replayed', 'true');
  // Answered as failures are: what it means and where that is written stand beside it.
  if (status >= 400 && body) throw Failure.from(JSON.parse(body) as FailureReport);
  const gone = { code: 'SUCCESS', message: 'This was done before; its answer was not kept.' };
  return jsonAnswer(c, body ?? JSON.stringify(gone), status);
}

function keyOf(header: string): string {
  const [, quoted, bare] = FORM.exec(header) ?? [];
  const key = quoted ?? bare;
  if (key === undefined) throw invalid(HEADER, 'expected 1 to 255 printable ASCII characters');
  return key;
}

/** The answer without what is told once. */
function kept(body: string, secrets: readonly string[] = []): string {
  if (secrets.length === 0) return body;
  const answer = JSON.parse(body) as { results?: Record<string, unknown> };
  for (const name of secrets) delete answer.results?.[name];
  return JSON.stringify(answer);
}

/** The hashes of files: two uploads are the same when their names and contents are. */
async function contentsOf(files: Asked['files'] = {}): Promise<unknown> {
  const named = Object.entries(files).flatMap(([field, many]) => many.map(file => ({ field, ...file })));
  return Promise.all(
    named.map(async ({ field, path, filename, mimetype }) => {
      const digest = createHash('sha256');
      await pipeline(createReadStream(path), digest);
      return [field, filename, mimetype, digest.digest('hex')];
    }),
  );
}

function hash(parts: readonly unknown[]): Buffer {
  return createHash('sha256').update(canonicalText(parts)).digest();
}

const canonicalText = (parts: readonly unknown[]): string => JSON.stringify(parts.map(canonical));

/** A value with its fields in one order. A file where none is wanted is its name, type and size. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value ?? null;
  const { name, type, size } = value as Record<string, unknown>;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return ['file', name, type, size];
  return Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, inner]) => [field, canonical(inner)]);
}
