// What a node lives in: a database and a simulator that know some devices. A node in this process (node.ts) and one in a
// process of its own (program.ts) are started in it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type ControlClient, controlClient } from '../../src/simulator/control/client.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import type { Sql } from '../../src/store/database.ts';
import { testDatabase } from './database.ts';
import { TEST_KEYS } from './keys.ts';
import { type Seeded, seedDevices } from './seed.ts';

export interface WorldOptions {
  /** Ready-linked devices to start with. */
  readonly devices?: number;
  readonly simulator?: SimulatorOptions;
}

export interface World {
  readonly sql: Sql;
  readonly simulator: ControlClient;
  readonly server: Simulator;
  readonly seeded: readonly Seeded[];
  /** What a node needs to be told, by the names of the environment. */
  readonly settings: Readonly<Record<string, string>>;
  /** Runs at the end of the test, before what was there earlier ends. */
  atEnd(stop: () => Promise<unknown>): void;
}

export async function startWorld(t: TestContext, options: WorldOptions = {}): Promise<World> {
  // Hooks run in the order of their registration, and the database must go last.
  const ends: (() => Promise<unknown>)[] = [];
  t.after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const { address, sql } = await testDatabase(t);
  const dataDir = await mkdtemp(join(tmpdir(), 'cardume-world-'));
  ends.push(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startSimulator(options.simulator);
  ends.push(() => server.stop());
  const simulator = controlClient(server.controlUrl);
  const caFile = join(dataDir, 'simulator-ca.pem');
  await writeFile(caFile, server.caCertificate);
  return {
    sql,
    simulator,
    server,
    seeded: options.devices ? await seedDevices(sql, simulator, options.devices) : [],
    settings: {
      PORT: '0',
      DB_URI: address.url,
      DATA_DIR: dataDir,
      SEALING_KEYS: TEST_KEYS,
      WA_SOCKET_URL: server.socketUrl,
      WA_ROOT_KEY: server.rootKey,
      WA_CA_FILE: caFile,
      WA_MEDIA_URL: server.mediaUrl,
      CONNECTS_PER_SECOND: '1000',
      CONNECT_BURST: '100',
    },
    atEnd: stop => void ends.push(stop),
  };
}
