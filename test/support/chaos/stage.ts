// Everything that a chaos run needs beside the product: a database that outlives it, a simulator in a process of its own,
// a receiver, and a network between all of them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlClient, controlClient } from '../../../src/simulator/control/client.ts';
import { openDatabase, type Sql } from '../../../src/store/database.ts';
import { runChild } from '../child.ts';
import { administer, databaseUrl, startTestServer, TEMPLATE } from '../database-server.ts';
import { TEST_KEYS } from '../keys.ts';
import type { SocketEvent } from '../oracle/evidence.ts';
import { type FaultProxy, startProxy } from '../proxy.ts';
import { pick, seeded, shuffled } from '../random.ts';
import { type Receiver, receiver } from '../receiver.ts';
import type { Scope } from '../scope.ts';
import { type Seeded, seedDevices } from '../seed.ts';
import { until } from '../until.ts';
import type { ChaosOptions, Neighbour } from './plan.ts';
import { Product } from './product.ts';

export interface Stage {
  readonly product: Product;
  readonly control: ControlClient;
  /** Not through the proxy. */
  readonly sql: Sql;
  readonly hook: Receiver;
  readonly network: Readonly<Record<Neighbour, FaultProxy>>;
  readonly devices: readonly Seeded[];
  /** Numbers of people without a device of ours. */
  readonly people: readonly string[];
  /** Numbers of the members, by the group's JID. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly sockets: readonly SocketEvent[];
  /** Kills the database server as a power cut would; it is started again by itself. */
  killDatabase(): Promise<void>;
}

export async function build(scope: Scope, options: ChaosOptions, log?: string): Promise<Stage> {
  const random = seeded(options.seed ^ 0x5eed);
  const server = await startTestServer({ durable: true });
  scope.after(() => server.stop());
  await administer(server.url, sql => sql.unsafe(`create database chaos template ${TEMPLATE}`));
  const url = databaseUrl(server.url, 'chaos');
  const sql = openDatabase({ address: { url }, connections: 2, name: 'chaos' });
  scope.after(() => sql.end({ timeout: 1 }));

  const simulator = runChild(scope, '../../scripts/simulator.ts', ['--seed', String(options.seed)]);
  await until(() => simulator.lines.length >= 4, { what: 'the simulator is up' });
  const [socketUrl = '', controlUrl = '', rootKey = ''] = simulator.lines;
  const control = controlClient(controlUrl);
  const sockets = await watchSockets(scope, control);
  const devices = await seedDevices(sql, control, options.devices);
  const people = (await control.createPhones(options.phones, { prefix: '1777' })).map(({ phone }) => phone);
  const groups = await makeGroups(control, options, random, devices, people);
  // Some people read what they get, so that there are read receipts.
  for (const phone of people.filter((_, n) => n % 2 === 0)) await control.script(phone, { reads: true });

  const hook = await receiver(scope);
  const network = {
    database: await startProxy(scope, url, random),
    whatsapp: await startProxy(scope, socketUrl, random),
    receiver: await startProxy(scope, hook.url, random),
  };
  const settings = {
    PORT: '0',
    WORKERS: '2',
    LOG_LEVEL: 'warn',
    DB_URI: network.database.url,
    SEALING_KEYS: TEST_KEYS,
    // Lost when the database is away for as long as the longest partition, and not because the machine is busy.
    LEASE_SECONDS: '5',
    WA_SOCKET_URL: network.whatsapp.url,
    WA_ROOT_KEY: rootKey,
    WEBHOOK_URL: network.receiver.url,
    CONNECTS_PER_SECOND: '1000',
    CONNECT_BURST: '100',
    COMMAND_SECONDS: '10',
  };
  const killDatabase = async () => {
    const [row] = await sql<[{ dir: string }]>`select current_setting('data_directory') as dir`;
    const pid = Number.parseInt(readFileSync(join(row.dir, 'postmaster.pid'), 'utf8'), 10);
    process.kill(pid, 'SIGQUIT');
  };
  return {
    product: new Product(scope, settings, log),
    ...{ control, sql, hook, network, devices, people, groups, sockets, killDatabase },
  };
}

async function makeGroups(
  control: ControlClient,
  options: ChaosOptions,
  random: () => number,
  devices: readonly Seeded[],
  people: readonly string[],
): Promise<Record<string, string[]>> {
  const groups: Record<string, string[]> = {};
  for (let n = 0; n < options.groups; n++) {
    const ours = shuffled(random, devices).slice(0, Math.min(4, devices.length));
    const others = shuffled(random, people).slice(0, 3);
    const members = [...ours.map(({ phone }) => phone), ...others];
    const body = { by: pick(random, others), subject: `group ${n}`, members };
    const { jid } = await control.call('createGroup', { body });
    groups[jid] = members;
  }
  return groups;
}

export async function watchSockets(scope: Scope, control: ControlClient): Promise<SocketEvent[]> {
  const seen: SocketEvent[] = [];
  const stop = new AbortController();
  scope.after(() => stop.abort());
  const events = await control.events({ kinds: ['login', 'close'], signal: stop.signal });
  const watch = async () => {
    for await (const event of events) {
      if (event.kind === 'login') seen.push({ kind: event.kind, jid: event.jid, at: event.at });
      if (event.kind === 'close')
        seen.push({ kind: event.kind, jid: event.jid, at: event.at, close: event.close });
    }
  };
  watch().catch(error => {
    if (!stop.signal.aborted) throw error;
  });
  return seen;
}
