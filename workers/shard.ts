// The entry of a shard's thread. The shims must be in place before anything loads Baileys.
import '../src/device/shims.ts';
import type { MessagePort } from 'node:worker_threads';
import { collectGarbage } from '../src/lib/memory.ts';
import type { ShardSettings } from '../src/shard/protocol.ts';
import { Shard } from '../src/shard/shard.ts';

// A third of what a thread holds after it has loaded Baileys is of no use any more.
collectGarbage();

/** The endless task of one shard: it is over when the supervisor aborts it. */
export default (task: { settings: ShardSettings; port: MessagePort } | null): Promise<void> =>
  new Promise(end => {
    // No task at all: the pool was asked to have a thread ready.
    if (task === null) end();
    else new Shard(task.settings, task.port, end);
  });
