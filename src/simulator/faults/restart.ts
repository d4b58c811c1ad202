// A restart of the server: every connection dies without a word, and for a while nobody gets in.
import type { World } from '../world.ts';

/**
 * What a real server keeps is kept: accounts, keys, groups, and the queues with all that was not confirmed. What lives in
 * its memory is gone: presence and its subscriptions, QR codes and pairing codes that wait, what was being asked of
 * clients. Phones are people's and go on; what they send meanwhile waits in the queues.
 */
export function restart(world: World, downMs: number): void {
  world.downUntil = performance.now() + downMs;
  for (const connection of [...world.connections]) connection.destroy('server-restart');
  world.ledger.totals.restarts++;
}
