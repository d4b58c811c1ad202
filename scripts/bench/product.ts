/** Cardume itself, as `npm start` runs it, in a process of its own. */
import { Pool } from 'undici';
import type { Sql } from '../../src/store/database.ts';
import { TEST_KEYS } from '../../test/support/keys.ts';
import type { Seeded } from '../../test/support/seed.ts';
import { inTime, pause, startChild } from './children.ts';
import type { Receiver } from './receiver.ts';
import type { Subject } from './subject.ts';
import type { World } from './world.ts';

export interface ProductOptions {
  readonly world: World;
  readonly database: { readonly url: string; readonly sql: Sql };
  readonly devices: readonly Seeded[];
  readonly workers: number;
  readonly nodeOptions: readonly string[];
  readonly receiver?: Receiver;
}

export interface Product extends Subject {
  /** Seconds from the start of the process until every device was open. */
  readonly openSeconds: number;
  /** How many devices are open by its own word. */
  open(): Promise<number>;
}

const OPEN_WITHIN = 300_000;
const LOOK_MS = 20;

/** Resolves when every device is open. */
export async function startProduct(options: ProductOptions): Promise<Product> {
  const { world, database, devices, workers, nodeOptions, receiver } = options;
  const { sql } = database;
  const journaled = async () => {
    const [row] = await sql<[{ facts: number }]>`select coalesce(sum(last_seq), 0)::int as facts from device`;
    return row.facts;
  };
  const before = await journaled();
  const startedAt = performance.now();
  const child = startChild('src/main.js', [], {
    nodeOptions,
    env: {
      PORT: '0',
      WORKERS: String(workers),
      DB_URI: database.url,
      SEALING_KEYS: TEST_KEYS,
      WA_SOCKET_URL: world.socketUrl,
      WA_ROOT_KEY: world.rootKey,
      CONNECTS_PER_SECOND: '1000',
      CONNECT_BURST: '100',
      LOG_LEVEL: 'warn',
      ...(receiver && { WEBHOOK_URL: receiver.url }),
    },
  });
  try {
    const started = await child.line(line => line.startsWith('Cardume '));
    const url = /http:\/\/[^ ]+/.exec(started)?.[0] ?? '';
    const pool = new Pool(url, { connections: 64, pipelining: 1 });
    const post = async (method: 'GET' | 'POST', path: string, body?: unknown, device?: string) => {
      const answer = await pool.request({
        method,
        path,
        headers: {
          'content-type': 'application/json',
          ...(device !== undefined && { 'x-device-id': device }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${method} ${path}: ${answer.statusCode} ${text}`);
      return text;
    };

    // Each device that opens puts one `device.state` into the journal: seen there, the process is not asked while it works.
    const opened = async () => {
      while ((await journaled()) - before < devices.length) await pause(LOOK_MS);
    };
    await inTime(opened(), OPEN_WITHIN, `${devices.length} devices did not open`);
    const openSeconds = (performance.now() - startedAt) / 1000;

    return {
      pid: child.pid,
      accounts: devices,
      openSeconds,
      async send(device, to, text) {
        await post('POST', '/send/message', { phone: to, message: text }, devices[device]?.id);
      },
      async open() {
        const { results } = JSON.parse(await post('GET', '/device/list')) as { results: { state: string }[] };
        return results.filter(({ state }) => state === 'open').length;
      },
      quiet: async () => receiver === undefined || receiver.delivered >= (await journaled()) - before,
      async stop() {
        await pool.destroy();
        await child.stop();
      },
    };
  } catch (error) {
    await child.stop();
    throw new Error(`Cardume with ${devices.length} devices failed; it said: ${child.last.join('\n')}`, {
      cause: error,
    });
  }
}
