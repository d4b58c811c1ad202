// The one envelope of every answer, and the one place where a failure becomes a status.
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Logger } from 'pino';
import { type ErrorCode, Failure, retryable } from '../errors.ts';
import type { ApiEnv } from './deps.ts';
import { jsonAnswer } from './headers.ts';
import { publicUrl } from './public-url.ts';

/** What a route answers on success: a sentence and its data. */
export interface Success<R = unknown> {
  readonly message: string;
  readonly results?: R;
}

/**
 * Seconds after which another try is worth it: a shard is back in a second or two, a database and a process are not. Places of
 * readers come free when others go.
 */
const retryAfter: Partial<Record<ErrorCode, number>> = {
  DEVICE_ELSEWHERE: 5,
  SHARD_UNAVAILABLE: 2,
  DEVICE_NOT_CONNECTED: 5,
  APP_STATE_UNAVAILABLE: 5,
  STORE_UNAVAILABLE: 5,
  STREAMS_FULL: 5,
  TOO_MANY_STREAMS: 5,
  SHUTTING_DOWN: 10,
  MEMORY_SHORT: 30,
};

/** The headers of a failure beside the usual ones. */
export function failureHeaders({ code, retryAfter: own }: Failure): Record<string, string> {
  const seconds = own ?? retryAfter[code];
  return seconds === undefined ? {} : { 'retry-after': String(seconds) };
}

/** What a failure says in an answer; `docs` leads to the page of errors that this server has. */
export function failureBody(failure: Failure, base: string): Record<string, unknown> {
  return {
    ...failure.report(),
    retryable: retryable(failure.code),
    docs: `${base}/errors#${failure.code}`,
  };
}

/** The envelope of a success. */
export function answer(c: Context<ApiEnv>, { message, results }: Success): Response {
  return jsonAnswer(c, JSON.stringify({ code: 'SUCCESS', message, results }), 200);
}

/**
 * Turns whatever was thrown into the envelope. A `Failure` says what it is; anything else is a fault of ours, is logged
 * under the request's id, and tells the caller nothing.
 */
export function refuse(
  c: Context<ApiEnv>,
  thrown: unknown,
  { log, basePath }: { readonly log: Logger; readonly basePath: string },
): Response {
  const failure = asFailure(thrown);
  const request = c.get('request');
  const device = c.get('device');
  // What this server cannot do at all (501) is nobody's fault, and no news. Of the others the cause is what is worth a
  // stack: where in here a known code was said costs as much as the whole request, and helps nobody.
  if (failure.status >= 500 && failure.status !== 501) {
    const { code, cause } = failure;
    const about = { request, device, code };
    if (code === 'INTERNAL_SERVER_ERROR') log.error({ ...about, err: cause ?? failure }, 'request failed');
    else log.warn({ ...about, ...(cause !== undefined && { err: cause }) }, 'request could not be served');
  }
  c.set('code', failure.code);
  const body = JSON.stringify(failureBody(failure, publicUrl(c, basePath)));
  return jsonAnswer(c, body, failure.status, failureHeaders(failure));
}

/** What was thrown, as a failure: what is none is a fault of ours. */
export function asFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  // hono throws these itself, for example when it cannot decode a request.
  if (thrown instanceof HTTPException && thrown.status < 500)
    return new Failure('BAD_REQUEST', undefined, { cause: thrown });
  return new Failure('INTERNAL_SERVER_ERROR', undefined, { cause: thrown });
}
