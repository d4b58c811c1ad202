// A whole node for a system test: real threads, a real database, the real Baileys on a real socket to a simulator.
import type { TestContext } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { makeLogger } from '../../src/lib/logger.ts';
import { Node } from '../../src/node.ts';
import { type ControlClient, controlClient } from '../../src/simulator/client.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import type { Sql } from '../../src/store/database.ts';
import type { DeviceView } from '../../src/supervisor/devices.ts';
import { testDatabase } from './database.ts';
import { type Seeded, seedDevices } from './seed.ts';
import { until } from './until.ts';

export interface TestNodeOptions {
  /** Ready-linked devices to start with. */
  readonly devices?: number;
  readonly workers?: number;
  /** More settings, by their names in the environment. */
  readonly settings?: Record<string, string>;
}

export interface Answer<T = unknown> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly code: string; readonly message: string; readonly results?: T };
}

export interface TestNode {
  readonly sql: Sql;
  readonly simulator: ControlClient;
  readonly server: Simulator;
  readonly seeded: readonly Seeded[];
  /** The node that runs now; another one after `restart`. */
  readonly node: Node;
  readonly fatal: readonly string[];
  /** Stops the node and starts one on the same database, with other settings where given. */
  restart(settings?: Record<string, string>): Promise<void>;
  api<T>(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer<T>>;
  device(id: string): DeviceView;
  /** Resolves when these devices (all, unless given) are open. */
  opened(ids?: readonly string[], within?: number): Promise<void>;
  /** Pairs a device by QR with a new phone and resolves with its number when the device is open. */
  pair(id: string): Promise<string>;
  sendText(from: string, to: string, text: string): Promise<Answer<{ message_id: string }>>;
}

/** Starts everything; all of it ends with the test. */
export async function startNode(t: TestContext, options: TestNodeOptions = {}): Promise<TestNode> {
  // Hooks run in the order of their registration, and the database must go last.
  const running: { stop(): Promise<void> }[] = [];
  t.after(async () => {
    for (const part of running.reverse()) await part.stop();
  });
  const { address, sql } = await testDatabase(t);
  const server = await startSimulator();
  running.push(server);
  const simulator = controlClient(server.controlUrl);
  const seeded = options.devices ? await seedDevices(sql, simulator, options.devices) : [];
  const fatal: string[] = [];

  const boot = async (settings: Record<string, string> = {}): Promise<Node> => {
    const config = readConfig({
      PORT: '0',
      WORKERS: String(options.workers ?? 2),
      DB_URI: 'url' in address ? address.url : '',
      WA_SOCKET_URL: server.socketUrl,
      WA_ROOT_KEY: server.rootKey,
      CONNECTS_PER_SECOND: '1000',
      CONNECT_BURST: '100',
      LOG_LEVEL: 'silent',
      ...options.settings,
      ...settings,
    });
    const node = new Node({
      config,
      log: makeLogger(config.logLevel, {}),
      version: 'test',
      fatal: why => fatal.push(why),
    });
    await node.start();
    return node;
  };

  let node = await boot();
  running.push({ stop: () => node.stop() });

  const api: TestNode['api'] = async (method, path, body, headers = {}) => {
    const response = await fetch(new URL(path, node.url), {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Answer<never>['body'],
    };
  };
  const device = (id: string) => {
    const found = node.supervisor.find(id);
    if (!found) throw new Error(`no device ${id}`);
    return found;
  };
  const opened: TestNode['opened'] = async (ids, within = 30_000) => {
    const wanted = ids ?? node.supervisor.list().map(({ id }) => id);
    await until(() => wanted.every(id => device(id).phase === 'open'), {
      within,
      what: `open: ${wanted.length} devices`,
    });
  };

  return {
    sql,
    simulator,
    server,
    seeded,
    fatal,
    get node() {
      return node;
    },
    async restart(settings) {
      await node.stop();
      node = await boot(settings);
    },
    api,
    device,
    opened,
    async pair(id) {
      const { body } = await api<{ qr: string }>('POST', '/device/login', { device_id: id });
      const { phone } = await simulator.scan(body.results?.qr ?? '');
      await opened([id]);
      return phone;
    },
    sendText: (from, to, text) =>
      api('POST', '/send/message', { phone: to, message: text }, { 'X-Device-Id': from }),
  };
}
