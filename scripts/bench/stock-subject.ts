/** Stock Baileys as a subject: the process of stock.ts, driven over IPC. */

import { deferred } from '../../src/lib/deferred.ts';
import type { LinkedDevice } from '../../src/simulator/control/client.ts';
import { inTime, startChild } from './children.ts';
import type { FromStock, ToStock } from './stock-protocol.ts';
import type { Subject } from './subject.ts';
import type { World } from './world.ts';

const LOAD_WITHIN = 60_000;

export interface Stock extends Subject {
  /** Opens all devices; fails when that takes longer than `within` ms. */
  connect(within: number): Promise<void>;
}

/** Resolves when Baileys is loaded; no device is open yet. */
export async function startStock(
  world: World,
  devices: readonly LinkedDevice[],
  nodeOptions: readonly string[],
): Promise<Stock> {
  const child = startChild('scripts/bench/stock.js', [], { ipc: true, nodeOptions });
  const ready = deferred<void>();
  const opened = deferred<void>();
  const sends = new Map<number, ReturnType<typeof deferred<void>>>();
  let last = 0;
  const tell = (message: ToStock) => void child.process.send(message);

  child.process.on('message', (message: FromStock) => {
    if (message.op === 'ready') ready.resolve();
    else if (message.op === 'opened') opened.resolve();
    else {
      const send = sends.get(message.id);
      sends.delete(message.id);
      if (message.error === undefined) send?.resolve();
      else send?.reject(new Error(message.error));
    }
  });
  child.process.on('exit', () => {
    const gone = new Error(`stock Baileys ended: ${child.last.join('\n')}`);
    for (const waiting of [ready, opened, ...sends.values()]) {
      waiting.promise.catch(() => {}); // whoever waits has it
      waiting.reject(gone);
    }
  });

  try {
    await inTime(ready.promise, LOAD_WITHIN, 'stock Baileys did not load');
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    pid: child.pid,
    accounts: devices,
    async connect(within) {
      const wanted = devices.map(({ credentials, preKeys }) => ({ credentials, preKeys }));
      tell({ op: 'connect', socketUrl: world.socketUrl, rootKey: world.rootKey, devices: wanted });
      await inTime(opened.promise, within, `${devices.length} stock devices did not open`);
    },
    send(device, to, text) {
      const id = last++;
      const sent = deferred<void>();
      sends.set(id, sent);
      tell({ op: 'send', id, device, to, text });
      return sent.promise;
    },
    quiet: async () => true,
    stop: () => child.stop(),
  };
}
