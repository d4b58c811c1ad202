import { Failure } from '../errors.ts';
import type { Addressed, Command } from '../shard/protocol.ts';

/**
 * What is said of a command whose first thread died, or whose first request did: a message may be queued, and anything else
 * may have been done, whatever the next thread could not do.
 */
export function unsettled(command: Command, error: unknown): unknown {
  const passing = [
    'DEVICE_NOT_CONNECTED',
    'SHARD_UNAVAILABLE',
    'STORE_UNAVAILABLE',
    'STORE_FULL',
    'SHUTTING_DOWN',
  ];
  const message_id = command.do.startsWith('send-') ? (command.input as Addressed).id : undefined;
  if (!(error instanceof Failure) || !passing.includes(error.code)) return error;
  if (!message_id) return new Failure('OUTCOME_UNKNOWN', undefined, { cause: error });
  return new Failure(
    'GATEWAY_TIMEOUT',
    'An earlier attempt to send the message ended without an answer. It may have been sent, or it is queued under its id: do not send it again, ask for its status.',
    { cause: error, results: { message_id } },
  );
}
