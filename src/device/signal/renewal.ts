/**
 * Whether a session is made anew because its other end wants it. Baileys asks for a peer's keys, and begins a session with
 * them, also whenever it has looked up who the peer's devices are (Socket/messages-send.ts, getUSyncDevices: "Force-refresh
 * sessions"): after every start and every five minutes, with all sessions there are. A session that is good is kept;
 * what a retry receipt or a notification of a changed identity brings about is carried out.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

const wanted = new AsyncLocalStorage<boolean>();

/** What is done within `work` makes sessions anew. */
export function renewing<T>(work: () => Promise<T>): Promise<T> {
  return wanted.run(true, work);
}

export function isRenewing(): boolean {
  return wanted.getStore() === true;
}
