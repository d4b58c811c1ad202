// The journal over a WebSocket: a page is read when the socket has taken the one before.
import { WebSocket } from 'ws';
import { Failure } from '../errors.ts';
import type { Follower } from '../streams/streams.ts';
import type { Reading } from './following.ts';
import { told } from './told.ts';

const NOT_ALLOWED = 1008;
const TRY_AGAIN_LATER = 1013;
/** Of those that are free for applications: what comes after the cursor is not kept any more. */
export const GAP = 4410;

/** Sends events as `{code: 'EVENT', message, result, cursor}` until the socket is closed, by either side. */
export function carryEvents(listener: WebSocket, reading: Reading): void {
  let follower: Follower;
  try {
    follower = reading.open();
  } catch {
    listener.close(TRY_AGAIN_LATER); // the room that there was is taken by now
    return;
  }
  const { now, stallMs, checkMs } = follower.times;
  /** Since when a message is there that the socket has not taken. */
  let given: number | undefined;
  const checks = setInterval(() => {
    if (!reading.allowed()) {
      follower.close('forbidden');
      listener.close(NOT_ALLOWED);
    }
    if (given === undefined || now() - given < stallMs) return;
    follower.close('stalled');
    listener.terminate(); // a goodbye would wait behind what is not taken
  }, checkMs).unref();
  listener.on('close', () => {
    clearInterval(checks);
    follower.close();
  });
  void carry(listener, follower, async text => {
    given = now();
    await sent(listener, text);
    given = undefined;
  });
}

async function carry(
  listener: WebSocket,
  follower: Follower,
  tell: (text: string) => Promise<void>,
): Promise<void> {
  try {
    for await (const { events, at } of told(follower)) {
      for (const { cursor, body } of events)
        await tell(`{"code":"EVENT","message":"Event","result":${body},"cursor":"${cursor}"}`);
      // That the other end is there is asked by pings.
      if (at !== undefined)
        await tell(JSON.stringify({ code: 'EVENT_CURSOR', message: 'Cursor', result: null, cursor: at }));
      if (listener.readyState !== WebSocket.OPEN) return;
    }
  } catch (error) {
    if (error instanceof Failure && error.code === 'EVENTS_EXPIRED') {
      follower.close('gap');
      const { results } = error.report();
      listener.send(JSON.stringify({ code: 'EVENT_GAP', message: error.message, result: results }));
      listener.close(GAP);
      return;
    }
    // The database; or the socket, which is gone then.
    if (listener.readyState === WebSocket.OPEN) follower.close('failed');
    listener.close(TRY_AGAIN_LATER);
  }
}

/** Resolves when the socket has given the message to the system. */
function sent(listener: WebSocket, text: string): Promise<void> {
  return new Promise((resolve, reject) =>
    listener.send(text, error => {
      if (error) reject(error);
      else resolve();
    }),
  );
}
