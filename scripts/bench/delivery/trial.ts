/** One run: devices in a database of their own, a producer, the deliverer in its process, receivers in another. */
import { setTimeout as delay } from 'node:timers/promises';
import { type DatabaseAddress, openDatabase, type Sql } from '../../../src/store/database.ts';
import { createDevice } from '../../../src/store/devices.ts';
import { syncGlobalEndpoints } from '../../../src/store/endpoints.ts';
import { OWNER } from '../../../test/delivery/ledger.ts';
import { testSeals } from '../../../test/support/keys.ts';
import { until } from '../../../test/support/until.ts';
import { type Child, startChild } from '../children.ts';
import { caller } from './call.ts';
import { type Evidence, type LaneRow, numbersOf } from './judge.ts';
import {
  type Bodies,
  type Committed,
  ENDPOINTS,
  type EndpointName,
  type FromProducer,
  type FromReceivers,
  type Stream,
  type ToProducer,
  type ToReceivers,
} from './protocol.ts';

export interface TrialOptions {
  readonly address: DatabaseAddress;
  readonly devices: number;
  readonly endpoints: readonly EndpointName[];
  readonly seed: number;
  readonly slowMs: number;
  /** Given to Node for the deliverer's process, to profile it. */
  readonly nodeOptions?: readonly string[];
}

export interface Trial {
  /** Of the good endpoint: the deliverer's, and one that is not written down. */
  readonly urls: { readonly good: string; readonly bare: string };
  readonly kills: number;
  /** The deliverer's process that runs now. */
  pid(): number;
  produce(events: number, how: { readonly rate?: number; readonly stream?: boolean }): Promise<Bodies>;
  /** SIGKILL for the deliverer each `ms` after it has started, until the promise settles; then one more goes on. */
  killing<T>(ms: number, meanwhile: Promise<T>): Promise<T>;
  /** Stops the deliverer's process for as long as the work takes: what comes meanwhile it finds afterwards. */
  asleep(work: () => Promise<unknown>): Promise<void>;
  /** Resolves when these endpoints have everything that they are owed. */
  delivered(names: readonly EndpointName[], within: number): Promise<void>;
  /** Resolves when that endpoint has once answered with that status. */
  answered(name: EndpointName, status: number, within: number): Promise<void>;
  /** Every receiver takes what comes; waits that the database has are cut short, and a new deliverer begins. */
  heal(): Promise<void>;
  evidence(): Promise<Evidence>;
  committed(): Promise<Committed>;
  stop(): Promise<void>;
}

const LOOK_MS = 50;

export async function startTrial(options: TrialOptions): Promise<Trial> {
  const { address, devices, endpoints, seed, slowMs, nodeOptions = [] } = options;
  const sql = openDatabase({ address, connections: 2, name: 'bench-trial' });
  const receivers = startChild('scripts/bench/delivery/receivers.js', [], { ipc: 'clones' });
  const producer = startChild('scripts/bench/delivery/producer.js', [], { ipc: 'clones' });
  let deliverer: Child | undefined;
  let kills = 0;
  let lives = 0;

  const askReceivers = caller<ToReceivers, FromReceivers>(receivers);
  const askProducer = caller<ToProducer, FromProducer>(producer, message => {
    // Nobody there, or somebody who is about to die: what is lost here the next look at the database finds.
    if (deliverer?.process.connected) deliverer.process.send(message as Stream, () => {});
  });

  async function begin(): Promise<void> {
    const args = [JSON.stringify(address), OWNER, String(lives++)];
    const child = startChild('scripts/bench/delivery/deliverer.js', args, { ipc: 'clones', nodeOptions });
    const ready = new Promise<void>((resolve, reject) => {
      child.process.once('message', () => resolve());
      child.process.once('exit', () => reject(new Error(`the deliverer ended: ${child.last.join('\n')}`)));
    });
    deliverer = child;
    await ready;
  }

  async function kill(): Promise<void> {
    const child = deliverer;
    deliverer = undefined;
    if (!child) return;
    const gone = new Promise<void>(resolve => child.process.once('close', () => resolve()));
    child.process.kill('SIGKILL');
    await gone;
    kills += 1;
  }

  async function stop(): Promise<void> {
    await Promise.all([deliverer?.stop(), producer.stop(), receivers.stop()]);
    await sql.end({ timeout: 1 });
  }

  try {
    const opened = await askReceivers({ op: 'open', seed, slowMs });
    await syncGlobalEndpoints(
      sql,
      endpoints.map(name => opened.urls[name]),
      { skipTlsVerify: false, events: [] },
    );
    for (let n = 0; n < devices; n++)
      await createDevice(sql, `d${n}`, OWNER, testSeals(sql).make(`d${n}`).dek);
    await askProducer({ op: 'devices', address: JSON.stringify(address), owner: OWNER, seed });
    await begin();

    const nameOf = new Map(ENDPOINTS.map(name => [opened.urls[name], name]));
    return {
      urls: { good: opened.urls.good, bare: opened.bare },
      get kills() {
        return kills;
      },
      pid: () => deliverer?.pid ?? 0,
      produce: (events, { rate, stream = true }) =>
        askProducer({ op: 'produce', events, stream, ...(rate !== undefined && { rate }) }),
      async killing(ms, meanwhile) {
        const ended = meanwhile.then(
          () => true,
          () => true,
        );
        while (!(await Promise.race([ended, delay(ms, false)]))) {
          await kill();
          await begin();
        }
        return await meanwhile;
      },
      async asleep(work) {
        deliverer?.process.kill('SIGSTOP');
        try {
          await work();
        } finally {
          deliverer?.process.kill('SIGCONT');
        }
      },
      async delivered(names, within) {
        const wanted = names.map(name => opened.urls[name]);
        let behind: readonly { url: string; events: number }[] = [];
        await until(
          async () => {
            behind = await owed(sql, wanted);
            if (behind.length > 0) await delay(LOOK_MS);
            return behind.length === 0;
          },
          { within, what: `everything arrives at ${names.join(', ')}` },
        ).catch(cause => {
          const left = behind.map(({ url, events }) => `${nameOf.get(url)} ${events}`).join(', ');
          throw new Error(`not delivered in time: ${left}`, { cause });
        });
      },
      async answered(name, status, within) {
        await until(
          async () => {
            const { [name]: ledger } = await askReceivers({ op: 'ledger' });
            return ledger.statuses.includes(status) || delay(LOOK_MS, false);
          },
          { within, what: `${name} answers ${status}` },
        );
      },
      async heal() {
        await deliverer?.stop();
        await askReceivers({ op: 'heal' });
        await sql`update lane set not_before = '-infinity' where not_before > now()`;
        await sql`update endpoint set breaker_until = '-infinity'`;
        await begin();
      },
      async evidence() {
        await deliverer?.stop();
        deliverer = undefined;
        const answered = await askReceivers({ op: 'ledger' });
        return { answered, lanes: await lanes(sql, nameOf), kills };
      },
      committed: () => askProducer({ op: 'commits' }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** How many events the endpoints are behind; those that are not are not in it. */
const owed = (sql: Sql, urls: readonly string[]) => sql<{ url: string; events: number }[]>`
  select e.url, sum(d.last_seq - l.cursor)::int as events
    from lane l join device d on d.no = l.device_no join endpoint e on e.no = l.endpoint_no
   where e.url = any(${[...urls]}::text[]) and l.cursor < d.last_seq
   group by e.url`;

/** What the database says of each lane. */
async function lanes(sql: Sql, nameOf: ReadonlyMap<string, EndpointName>): Promise<LaneRow[]> {
  const rows = await sql<
    { url: string; device: string; cursor: number; last: number; parked: number[]; dead: string[] }[]
  >`
    select e.url, d.id as device, l.cursor, d.last_seq as last,
           array(select p.seq::int from parked p where p.endpoint_no = e.no and p.device_no = d.no) as parked,
           array(
             select dl.from_seq || '-' || dl.to_seq from dead_letter dl
              where dl.endpoint_no = e.no and dl.device_no = d.no
           ) as dead
      from lane l join device d on d.no = l.device_no join endpoint e on e.no = l.endpoint_no
     where not l.replay`;
  return rows.map(({ url, device, dead, ...row }) => ({
    ...row,
    endpoint: nameOf.get(url) ?? 'good',
    device: Number(device.slice(1)),
    dead: dead.flatMap(span => {
      const [from = 0, to = 0] = span.split('-').map(Number);
      return numbersOf(from, to);
    }),
  }));
}
