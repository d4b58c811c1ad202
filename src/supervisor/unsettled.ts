import { Failure } from '../errors.ts';
import type { Addressed, Command } from '../shard/protocol.ts';

/** What is said of a command whose first thread died: a message may be queued, whatever the next thread could not do. */
export function unsettled(command: Command, error: unknown): unknown {
  const passing = [
    'DEVICE_NOT_CONNECTED',
    'SHARD_UNAVAILABLE',
    'STORE_UNAVAILABLE',
    'STORE_FULL',
    'SHUTTING_DOWN',
  ];
  const message_id = command.do.startsWith('send-') ? (command.input as Addressed).id : undefined;
  if (!message_id || !(error instanceof Failure) || !passing.includes(error.code)) return error;
  return new Failure(
    'GATEWAY_TIMEOUT',
    'The thread of the device died while the message was being sent. It may have been sent, or it is queued under its id: do not send it again, ask for its status.',
    { cause: error, results: { message_id } },
  );
}
