// Waiting for a client in the middle of being linked.
import { Refused } from '../refused.ts';
import type { Connection } from '../wire/connection.ts';

/**
 * Asks the client something and resolves with what it says to it: `ask` is given who takes that. Rejects with
 * {@link Refused} 409 when the client goes away, and with `late` when it says nothing within so many ms.
 */
export function replyOf<T>(
  connection: Connection,
  withinMs: number,
  late: Refused,
  ask: (take: (said: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (run: () => void) => {
      clearTimeout(timer);
      connection.offEnd(gone);
      run();
    };
    const gone = () =>
      settle(() => reject(new Refused(409, 'the client went away while it was being linked')));
    const timer = setTimeout(() => settle(() => reject(late)), withinMs);
    connection.onEnd(gone);
    ask(said => settle(() => resolve(said)));
  });
}
