/**
 * What nobody has caught. A device's own fault restarts that device and leaves its neighbours alone; anything else ends
 * the thread, whose state nobody knows then.
 *
 * A rejection that nobody waited for is the device's own when it was made in the device's name: nothing was interrupted
 * by it but that piece of work. An exception has interrupted whatever was running: it is the device's own only when
 * none of the code that devices share was on the stack.
 */
import { blamed, blameIn, confess } from '../device/blame.ts';
import { BLAMED, SUSPECT } from './protocol.ts';

/** Paths of what devices of a thread share. Of an error's stack we have the five innermost calls (`device/shims.ts`). */
const SHARED =
  /[\\/](?:postgres|lru-cache)[\\/]|[\\/](?:store|journal|shard)[\\/]|group-commit|device[\\/](?:signal[\\/]vault|line[\\/]caches)/;

/** Whether an exception left nothing half done but the work of the device in whose name it was thrown. */
export function isOfOneDevice(error: unknown): boolean {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return false;
  const calls = error.stack.split('\n').filter(line => /^\s+at /.test(line));
  return calls.length > 0 && !calls.some(line => SHARED.test(line));
}

/** Installs it in this thread. `shared` is the shard's shared memory, where a thread that dies leaves its suspect. */
export function watchForFailures(shared: SharedArrayBuffer): void {
  blameIn(new Int32Array(shared), SUSPECT);
  // For the debugger that the supervisor sends into a thread that is blocked.
  Object.defineProperty(globalThis, BLAMED, { value: () => blamed()?.no ?? 0, configurable: true });
  const die = (error: unknown) => {
    process.removeAllListeners('uncaughtException').removeAllListeners('unhandledRejection');
    confess(blamed()?.no ?? 0);
    throw error;
  };
  process.on('unhandledRejection', reason => {
    const who = blamed();
    if (who) who.failed(reason);
    else die(reason);
  });
  process.on('uncaughtException', error => {
    const who = blamed();
    if (who && isOfOneDevice(error)) who.failed(error);
    else die(error);
  });
  process.on('exit', () => {
    const who = blamed();
    if (who) confess(who.no);
  });
}
