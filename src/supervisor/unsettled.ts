import { Failure } from '../errors.ts';
import type { Addressed, Command } from '../shard/protocol.ts';
import { type Sql, unavailable } from '../store/database.ts';
import { readOutgoing } from '../store/outgoing.ts';

const passing = [
  'DEVICE_NOT_CONNECTED',
  'SHARD_UNAVAILABLE',
  'STORE_UNAVAILABLE',
  'STORE_FULL',
  'SHUTTING_DOWN',
];

/**
 * What is said of a command whose first thread (or first request) died and which no other could run. A message that the
 * dead thread made durable is queued, whatever came after; one that it did not is on no wire, and nobody has it any more.
 */
export async function unsettled(
  sql: Sql,
  deviceNo: number,
  command: Command,
  error: unknown,
): Promise<unknown> {
  const message_id = command.do.startsWith('send-') ? (command.input as Addressed).id : undefined;
  if (!message_id || !(error instanceof Failure) || !passing.includes(error.code)) return error;
  try {
    if (!(await readOutgoing(sql, deviceNo, message_id))) return error;
  } catch (cause) {
    if (!unavailable(cause)) throw cause;
    return new Failure(
      'GATEWAY_TIMEOUT',
      'The thread of the device died while the message was being sent, and the database does not say how far it came. It may be queued under its id: ask for its status before you send it again.',
      { cause, results: { message_id } },
    );
  }
  return new Failure(
    'GATEWAY_TIMEOUT',
    'The thread of the device died while the message was being sent. It is queued under its id: do not send it again, ask for its status.',
    { cause: error, results: { message_id, status: 'queued' } },
  );
}
