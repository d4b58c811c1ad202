/**
 * Looks into a thread that is blocked, with Node's own debugger: where it is, and in whose name it works. A blocked
 * thread runs no code of ours, but it can be paused at the next loop or call (Node's `NodeWorker` domain, which passes
 * the debugger protocol on to a worker; `BLAMED` is evaluated in the paused frame). It costs nothing until then.
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

interface CallFrame {
  readonly callFrameId: string;
  readonly functionName: string;
  readonly url: string;
  readonly location: { readonly lineNumber: number };
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly callFrames?: readonly CallFrame[] };
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

const CALLS = 6;

/** Resolves with undefined when the thread cannot be looked into within so many milliseconds: it is stuck in native code. */
export async function examine(threadId: number, within: number): Promise<Finding | undefined> {
  const session = new Session();
  let late: NodeJS.Timeout | undefined;
  try {
    session.connect();
    const found = look(session, threadId);
    const paused = new Promise<boolean>(resolve => {
      late = setTimeout(() => resolve(false), within);
      found.paused.then(
        () => resolve(true),
        () => resolve(false),
      );
    });
    // Once paused it answers at once, and must be let go before we leave.
    return (await paused) ? await found.finding : undefined;
  } catch {
    // There is no debugger to be had (a Node built without one): whatever it would have told is not known.
    return undefined;
  } finally {
    clearTimeout(late);
    session.disconnect();
  }
}

function look(session: Session, threadId: number): { paused: Promise<void>; finding: Promise<Finding> } {
  const pause = deferred<void>();
  const finding = deferred<Finding>();
  const fail = (error: Error | null) => {
    if (!error) return;
    pause.reject(error);
    finding.reject(error);
  };
  finding.promise.catch(() => {});
  let sessionId = '';
  let last = 0;
  const waiting = new Map<number, (reply: Reply) => void>();
  const ask = (method: string, params = {}): Promise<Reply> => {
    const id = ++last;
    const message = JSON.stringify({ id, method, params });
    return new Promise(answer => {
      waiting.set(id, answer);
      session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, fail);
    });
  };
  const paused = async (frames: readonly CallFrame[]) => {
    pause.resolve();
    const expression = `globalThis.${BLAMED}?.()`;
    const callFrameId = frames[0]?.callFrameId;
    const { result } = await ask('Debugger.evaluateOnCallFrame', { callFrameId, expression });
    // A thread that is left paused cannot be ended: the main thread would wait for it for ever.
    await ask('Debugger.resume');
    finding.resolve({
      suspect: Number(result?.result?.value ?? 0) || 0,
      at: frames.slice(0, CALLS).map(nameOf),
    });
  };
  session.on('NodeWorker.attachedToWorker', ({ params }) => {
    // `workerId` is a count of its own; the number of the thread is in the title alone.
    if (!params.workerInfo.title.startsWith(`[worker ${threadId}]`)) return;
    sessionId = params.sessionId;
    void ask('Debugger.enable');
    void ask('Debugger.pause');
  });
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    const reply = JSON.parse(params.message) as Reply;
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply);
    else if (reply.method === 'Debugger.paused') void paused(reply.params?.callFrames ?? []);
  });
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, fail);
  return { paused: pause.promise, finding: finding.promise };
}

function nameOf({ functionName, url, location }: CallFrame): string {
  return `${functionName || 'anonymous'} ${url}:${location.lineNumber + 1}`;
}
