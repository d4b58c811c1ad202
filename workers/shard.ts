// The entry of a shard's thread. The shims must be in place before anything loads Baileys.
import '../src/device/shims.ts';
import type { MessagePort } from 'node:worker_threads';
import type { ShardSettings } from '../src/shard/protocol.ts';
import { Shard } from '../src/shard/shard.ts';

/** The endless task of one shard: it is over when the supervisor aborts it. */
export default ({ settings, port }: { settings: ShardSettings; port: MessagePort }): Promise<void> =>
  new Promise(end => {
    new Shard(settings, port, end);
  });
