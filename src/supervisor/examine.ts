/**
 * Looks into a thread that is blocked, with Node's own debugger: where it is, and in whose name it works. A blocked
 * thread turns no event loop, but the debugger's messages interrupt it at the next loop or call, and what they evaluate
 * runs on top of what runs (Node's `NodeWorker` domain passes them on). It costs nothing until then.
 *
 * It must not be paused instead: a thread that is ended while it is paused, or comes to its pause when it was ended
 * already, never ends (6 of 12 threads that were out of heap). An end that comes while something is evaluated is
 * swallowed too (2 of 12), but the next one is not (0 of 24): whoever ends the thread must do so until it is gone.
 */
import { Session } from 'node:inspector';
import { deferred } from '../lib/deferred.ts';
import { BLAMED } from '../shard/protocol.ts';

export interface Finding {
  /** Number of the device, 0 for nobody. */
  readonly suspect: number;
  /** The innermost calls: function and place. */
  readonly at: readonly string[];
}

interface Reply {
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

/** A shard takes short stacks; this one is to be read by a person. */
const EXPRESSION = `(() => {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 12;
  const { stack } = new Error();
  Error.stackTraceLimit = limit;
  return { suspect: globalThis.${BLAMED}?.() ?? 0, stack };
})()`;

/** Resolves with undefined when the thread does not answer within so many milliseconds: it is stuck in native code. */
export async function examine(threadId: number, within: number): Promise<Finding | undefined> {
  const session = new Session();
  let late: NodeJS.Timeout | undefined;
  try {
    session.connect();
    return await Promise.race([
      look(session, threadId),
      new Promise<undefined>(resolve => {
        late = setTimeout(() => resolve(undefined), within);
      }),
    ]);
  } catch {
    // There is no debugger to be had (a Node built without one): whatever it would have told is not known.
    return undefined;
  } finally {
    clearTimeout(late);
    session.disconnect();
  }
}

function look(session: Session, threadId: number): Promise<Finding> {
  const finding = deferred<Finding>();
  finding.promise.catch(() => {});
  const fail = (error: Error | null) => error && finding.reject(error);
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    // `workerId` is a count of its own; the number of the thread is in the title alone.
    if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
    const message = JSON.stringify({
      id: 1,
      method: 'Runtime.evaluate',
      params: { expression: EXPRESSION, returnByValue: true },
    });
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, fail);
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    const { result } = JSON.parse(params.message) as Reply;
    const { suspect, stack } = (result?.result?.value ?? {}) as { suspect?: number; stack?: string };
    const at = (stack ?? '').split('\n').map(line => line.trim());
    finding.resolve({
      suspect: Number(suspect) || 0,
      at: at.filter(line => line.startsWith('at ') && !line.includes('<anonymous>:')),
    });
  });
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, fail);
  return finding.promise;
}
