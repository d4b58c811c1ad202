// A whole node for a system test: real threads, a real database, the real Baileys on a real socket to a simulator.
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { makeLogger } from '../../src/lib/logger.ts';
import { Node, type NodeOptions } from '../../src/node.ts';
import type { DeviceView } from '../../src/supervisor/devices.ts';
import { type Calls, callsTo } from './calls.ts';
import { until } from './until.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

export type { Answer } from './calls.ts';

export interface TestNodeOptions extends WorldOptions {
  readonly workers?: number;
  /** More settings, by their names in the environment. */
  readonly settings?: Record<string, string>;
  /** Other limits of health than usual. */
  readonly health?: NodeOptions['health'];
  /** Used memory by its limit. */
  readonly memory?: () => number;
  readonly unread?: NodeOptions['unread'];
  readonly ports?: NodeOptions['ports'];
  readonly nameServers?: NodeOptions['nameServers'];
  /** A world that is there already, instead of one of its own. */
  readonly world?: World;
}

export interface TestNode extends World, Calls {
  /** The node that runs now; another one after `restart`. */
  readonly node: Node;
  readonly fatal: readonly string[];
  /** Stops the node and starts one on the same database, with other settings where given. */
  restart(settings?: Record<string, string>): Promise<void>;
  /** The two halves of `restart`. */
  stop(): Promise<void>;
  start(settings?: Record<string, string>): Promise<void>;
  device(id: string): DeviceView;
  /** Resolves when these devices (all, unless given) are open. */
  opened(ids?: readonly string[], within?: number): Promise<void>;
  /** Pairs a device by QR with a new phone and resolves with its number when the device is open. */
  pair(id: string): Promise<string>;
}

/** Starts everything; all of it ends with the test. */
export async function startNode(t: TestContext, options: TestNodeOptions = {}): Promise<TestNode> {
  const world = options.world ?? (await startWorld(t, options));
  const fatal: string[] = [];

  const boot = async (settings: Record<string, string> = {}): Promise<Node> => {
    const config = readConfig({
      ...world.settings,
      WORKERS: String(options.workers ?? 2),
      LOG_LEVEL: 'silent',
      ...options.settings,
      ...settings,
    });
    const node = new Node({
      config,
      log: makeLogger(config.logLevel, {}),
      version: 'test',
      ...(options.health && { health: options.health }),
      ...(options.memory && { memory: options.memory }),
      ...(options.unread && { unread: options.unread }),
      ...(options.ports && { ports: options.ports }),
      ...(options.nameServers && { nameServers: options.nameServers }),
      fatal: why => fatal.push(why),
    });
    await node.start();
    return node;
  };

  let node = await boot();
  world.atEnd(() => node.stop());

  const calls = callsTo(() => node.url);
  const device = (id: string) => {
    const found = node.supervisor.find(id);
    if (!found) throw new Error(`no device ${id}`);
    return found;
  };
  const opened: TestNode['opened'] = async (ids, within = 90_000) => {
    const wanted = ids ?? node.supervisor.list().map(({ id }) => id);
    await until(() => wanted.every(id => device(id).phase === 'open'), {
      within,
      what: `open: ${wanted.length} devices`,
    });
  };
  const start = async (settings?: Record<string, string>) => {
    node = await boot(settings);
  };

  return {
    ...world,
    ...calls,
    fatal,
    get node() {
      return node;
    },
    stop: () => node.stop(),
    start,
    async restart(settings) {
      await node.stop();
      await start(settings);
    },
    device,
    opened,
    async pair(id) {
      const { body } = await calls.api<{ qr: string }>('POST', '/device/login', { device_id: id });
      const { phone } = await world.simulator.scan(body.results?.qr ?? '');
      await opened([id]);
      return phone;
    },
  };
}
