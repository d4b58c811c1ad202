/** What a request to WhatsApp failed of, as a caller can see it. */
import { type ErrorCode, Failure } from '../../errors.ts';
import type { Connection } from '../line/connection.ts';

/** WhatsApp's numbers on a refused request (whatsmeow errors.go, IQError), and what they mean to a caller. */
const meanings: Readonly<Record<number, ErrorCode>> = {
  400: 'WA_BAD_REQUEST',
  401: 'WA_FORBIDDEN',
  403: 'WA_FORBIDDEN',
  404: 'WA_NOT_FOUND',
  405: 'WA_FORBIDDEN',
  406: 'WA_BAD_REQUEST',
  408: 'GATEWAY_TIMEOUT',
  409: 'WA_CONFLICT',
  410: 'WA_NOT_FOUND',
  412: 'WA_FORBIDDEN',
  419: 'WA_FORBIDDEN',
  423: 'WA_FORBIDDEN',
  429: 'WA_RATE_LIMITED',
  436: 'WA_FORBIDDEN',
};

/** WhatsApp was asked and said nothing. */
export function noAnswer(cause?: unknown): Failure {
  return new Failure('GATEWAY_TIMEOUT', 'WhatsApp did not answer in time.', { cause });
}

/** Nobody has the number or LID that a request names as `phone`. */
export function notOnWhatsapp(jid: string): Failure {
  return new Failure('INVALID_JID', `phone: ${jid} is not on WhatsApp.`, { results: { phone: jid } });
}

/**
 * Baileys throws a Boom whose `data` is the number of an answered error (WABinary/generic-utils.js, assertNodeErrorFree),
 * whose status is 408 or 428 when there was no answer (Utils/generics.js, promiseTimeout; Socket/socket.js,
 * waitForMessage), and a TypeError when it did not understand the answer, or there was none: its `query` resolves with
 * undefined when the time is over.
 */
export function whatsappFailure(cause: unknown, connection: Connection): Failure {
  if (cause instanceof Failure) return cause;
  const { failure } = connection.keys;
  if (failure instanceof Failure) return failure;
  if (failure) return new Failure('STORE_UNAVAILABLE', undefined, { cause });
  if (!connection.open)
    return new Failure('DEVICE_NOT_CONNECTED', 'The connection to WhatsApp was lost before it answered.', {
      cause,
    });
  const { data, output, message } = cause as {
    data?: unknown;
    output?: { statusCode?: number };
    message?: string;
  };
  const number = typeof data === 'number' ? data : output?.statusCode;
  const code = number === undefined ? undefined : meanings[number];
  if (code === 'GATEWAY_TIMEOUT') return noAnswer(cause);
  if (code !== undefined)
    return new Failure(code, `WhatsApp refused it: ${message ?? 'no reason given'} (${number}).`, {
      cause,
      results: { error: number },
    });
  return new Failure('WA_UNEXPECTED', undefined, { cause });
}
