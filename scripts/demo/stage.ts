// What the demo plays on: a simulator in its own thread, a receiver, and a node on free ports and a temporary folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readConfig } from '../../src/config.ts';
import { eventNames } from '../../src/journal/names.ts';
import { makeLogger } from '../../src/lib/logger.ts';
import { version } from '../../src/lib/version.ts';
import { Node } from '../../src/node.ts';
import { type ControlClient, controlClient } from '../../src/simulator/control/client.ts';
import { type Receiver, startReceiver } from './receiver.ts';

export interface Stage {
  readonly node: Node;
  readonly simulator: ControlClient;
  readonly receiver: Receiver;
  /** Stops the node and starts another one on the same data, as a restart of the process does. */
  restart(): Promise<void>;
  /** Calls the HTTP API; fails with its message unless it answers 200. */
  api<T>(method: string, path: string, body?: unknown, device?: string): Promise<T>;
  strike(): Promise<void>;
}

const SECRET = 'demo-webhook-secret';

export async function setStage(workers: number): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'cardume-demo-'));
  const worker = new Worker(new URL('../../workers/simulator.js', import.meta.url), { workerData: {} });
  const simulated = await new Promise<{ socketUrl: string; controlUrl: string; rootKey: string }>(
    (resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    },
  );
  const receiver = await startReceiver(SECRET);
  const config = readConfig({
    PORT: '0',
    WORKERS: String(workers),
    DATA_DIR: folder,
    WA_SOCKET_URL: simulated.socketUrl,
    WA_ROOT_KEY: simulated.rootKey,
    WEBHOOK_URL: receiver.url,
    WEBHOOK_SECRET: SECRET,
    // By name, with what links a phone: a number that is missing is missing.
    WEBHOOK_EVENTS: eventNames.join(),
    LOG_LEVEL: 'silent',
  });
  const boot = async () => {
    const fatal = (why: string) => {
      throw new Error(why);
    };
    const node = new Node({ config, log: makeLogger(config.logLevel, {}), version, fatal });
    await node.start();
    return node;
  };
  let node = await boot();

  return {
    simulator: controlClient(simulated.controlUrl),
    receiver,
    get node() {
      return node;
    },
    async restart() {
      await node.stop();
      node = await boot();
    },
    async api<T>(method: string, path: string, body?: unknown, device?: string): Promise<T> {
      const response = await fetch(new URL(path, node.url), {
        method,
        headers: {
          'content-type': 'application/json',
          ...(device !== undefined && { 'X-Device-Id': device }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const answer = (await response.json()) as { code: string; message: string; results: T };
      if (!response.ok)
        throw new Error(`${method} ${path}: ${response.status} ${answer.code}: ${answer.message}`);
      return answer.results;
    },
    async strike() {
      await node.stop();
      receiver.stop();
      await worker.terminate();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
