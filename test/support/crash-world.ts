// A small world for crash tests: the product as a child on a database that outlives it, one device or a few, some people,
// a receiver, and the oracle at the end.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ControlClient } from '../../src/simulator/control/client.ts';
import { controlClient } from '../../src/simulator/control/client.ts';
import { startSimulator } from '../../src/simulator/index.ts';
import type { Sql } from '../../src/store/database.ts';
import { Product } from './chaos/product.ts';
import { calm, settle } from './chaos/settle.ts';
import { watchSockets } from './chaos/stage.ts';
import { testDatabase } from './database.ts';
import { TEST_KEYS } from './keys.ts';
import { type Asked, answeredAs, gather, type SocketEvent } from './oracle/evidence.ts';
import { type Figures, judge, report } from './oracle/judge.ts';
import { type Receiver, receiver } from './receiver.ts';
import { type Seeded, seedDevices } from './seed.ts';
import { until } from './until.ts';

export interface CrashWorldOptions {
  readonly devices?: number;
  /** More settings of the product. */
  readonly settings?: Readonly<Record<string, string>>;
  /** False: the database is empty, and so is the world. */
  readonly migrated?: boolean;
  /** A migrated database; one of the shared server unless given. */
  readonly database?: { readonly address: { readonly url: string }; readonly sql: Sql };
  /** The database as the product is to reach it. */
  readonly through?: (url: string) => Promise<string>;
}

export interface CrashWorld {
  readonly product: Product;
  readonly control: ControlClient;
  readonly sql: Sql;
  readonly hook: Receiver;
  readonly devices: readonly Seeded[];
  /** The number of somebody who writes to them. */
  readonly person: string;
  /** A group of that person and all devices. */
  readonly group: string;
  readonly asked: Asked[];
  /** Logins and ends of connections so far, as WhatsApp sees them. */
  readonly sockets: readonly SocketEvent[];
  /** Starts the product and resolves when its devices are open, or nobody may open them. */
  open(failpoints?: string): Promise<void>;
  /** Asks a device to send a text to the person, or to the group; whatever becomes of the answer. */
  send(device: string, text: string, to?: string): Promise<Asked>;
  /** Starts the product unless it runs, waits until nothing is owed, ends it in order, and has the oracle judge. */
  judged(): Promise<Figures>;
}

export async function crashWorld(t: TestContext, options: CrashWorldOptions = {}): Promise<CrashWorld> {
  const { devices: count = 1, migrated = true, settings = {}, through = async url => url } = options;
  const { address, sql } = options.database ?? (await testDatabase(t, { migrated }));
  const simulator = await startSimulator();
  const control = controlClient(simulator.controlUrl);
  const sockets = await watchSockets(t, control);
  // After the watcher has ended, which would take the end of its stream for a failure.
  t.after(() => simulator.stop());
  const devices = migrated ? await seedDevices(sql, control, count) : [];
  const { phone: person } = await control.createPhone();
  const members = [person, ...devices.map(({ phone }) => phone)];
  const { jid: group } = await control.call('createGroup', { body: { by: person, subject: 'us', members } });
  const hook = await receiver(t);
  const product = new Product(t, {
    PORT: '0',
    WORKERS: '1',
    LOG_LEVEL: 'warn',
    DB_URI: await through(address.url),
    SEALING_KEYS: TEST_KEYS,
    // What has been killed is seen to have ended (src/supervisor/claims.ts): nobody waits for its lease to run out.
    LEASE_SECONDS: '20',
    WA_SOCKET_URL: simulator.socketUrl,
    WA_ROOT_KEY: simulator.rootKey,
    WEBHOOK_URL: hook.url,
    CONNECTS_PER_SECOND: '1000',
    COMMAND_SECONDS: '10',
    ...settings,
  });
  const asked: Asked[] = [];
  const world = { product, control, sql, devices };

  return {
    ...{ ...world, hook, person, group, asked, sockets },
    async open(failpoints) {
      product.start(failpoints);
      await product.listening();
      await until(() => calm(product), { what: 'every device is open, or will not be' });
    },
    async send(device, text, to = person) {
      const jid = to === person ? `${person}@s.whatsapp.net` : to;
      const given = { device, to: jid, text, at: Date.now() };
      let answered: Asked;
      try {
        answered = { ...given, ...answeredAs(await product.calls.sendText(device, to, text)) };
      } catch {
        answered = { ...given, status: undefined };
      }
      asked.push(answered);
      return answered;
    },
    async judged() {
      if (!product.running) product.start();
      await settle(world, line => t.diagnostic(line));
      await product.end('SIGTERM');
      const evidence = await gather(control, sql, hook.requests, {
        ...{ asked, sockets, processes: product.runs, blows: product.deaths, groups: { [group]: members } },
      });
      const verdict = judge(evidence);
      assert.equal(verdict.findings.length, 0, report(verdict));
      return verdict.figures;
    },
  };
}
