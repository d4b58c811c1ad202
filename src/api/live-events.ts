// The journal over a WebSocket: a page is read when the socket has taken the one before.
import { WebSocket } from 'ws';
import { Failure } from '../errors.ts';
import type { Follower } from '../streams/streams.ts';
import type { Reading } from './following.ts';

/** Milliseconds between looks whether the reader may still read. */
const LOOK_MS = 2_000;
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
    listener.close(TRY_AGAIN_LATER); // as many readers as there may be
    return;
  }
  const looks = setInterval(() => {
    if (!reading.allowed()) listener.close(NOT_ALLOWED);
  }, LOOK_MS).unref();
  listener.on('close', () => {
    clearInterval(looks);
    follower.close();
  });
  void carry(listener, follower);
}

async function carry(listener: WebSocket, follower: Follower): Promise<void> {
  while (!follower.closed && listener.readyState === WebSocket.OPEN) {
    try {
      const { events } = await follower.page();
      for (const { cursor, body } of events)
        await sent(listener, `{"code":"EVENT","message":"Event","result":${body},"cursor":"${cursor}"}`);
      if (events.length === 0) await follower.news(LOOK_MS);
    } catch (error) {
      if (error instanceof Failure && error.code === 'EVENTS_EXPIRED') {
        const { results } = error.report();
        listener.send(JSON.stringify({ code: 'EVENT_GAP', message: error.message, result: results }));
        listener.close(GAP);
      } else listener.close(TRY_AGAIN_LATER); // the database, or a socket that is gone
      return;
    }
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
