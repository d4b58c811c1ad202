// A seeded random run: real clients, a simulator full of faults, then silence, and what the ledger and the clients saw.
import { Worker } from 'node:worker_threads';
import { WA_CERT_DETAILS } from '@whiskeysockets/baileys';
import { type ControlClient, controlClient } from '../../../src/simulator/control/client.ts';
import type { Simulator } from '../../../src/simulator/index.ts';
import type { Scope } from '../scope.ts';
import { until } from '../until.ts';
import { type Findings, judge } from './judge.ts';
import { Person } from './person.ts';
import { ARMED, type Armed, type Plan, plan, type RunSize } from './schedule.ts';

export interface Report extends Findings {
  readonly seed: number;
  readonly messages: number;
  /** How often each fault struck. */
  readonly faults: Record<string, number>;
  readonly reconnects: number;
  readonly failedSends: number;
  /** Promises of clients that nobody caught: each would end a process that does not look. */
  readonly unhandled: Record<string, number>;
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Sends that are on their way at a time, over all devices. */
const AT_ONCE = 8;
/** Rounds of leaving and coming back after the faults, until nothing is pending. */
const ROUNDS = 6;

/** `scope.after` ends what it started. `log` hears how far it is. */
export async function randomRun(
  scope: Scope,
  size: RunSize & { readonly armed?: readonly Armed[] },
  log: (line: string) => void = () => {},
): Promise<Report> {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const server = await startWorker(scope, size.seed);
  Object.assign(WA_CERT_DETAILS, { PUBLIC_KEY: Buffer.from(server.rootKey, 'hex') });
  const control = controlClient(server.controlUrl);
  const unhandled: Record<string, number> = {};
  const count = (reason: unknown) => {
    const name = reason instanceof Error ? reason.message.slice(0, 80) : String(reason);
    unhandled[name] = (unhandled[name] ?? 0) + 1;
  };
  process.on('unhandledRejection', count);
  scope.after(() => process.off('unhandledRejection', count));
  const planned = plan(size);
  const people = await populate(scope, server.socketUrl, control, planned);
  const groups = await makeGroups(control, planned, people);
  for (const { name, rate, params, filter } of size.armed ?? ARMED)
    await control.arm(name, { when: { rate }, ...(params && { params }), ...(filter && { filter }) });
  const left = await play(control, planned, people, groups, log);
  const { armed } = await control.faults();
  const faults = Object.fromEntries(armed.map(one => [one.name, one.fired]));
  await control.disarm();
  log('quiet now');
  await settle(control, people, log);
  const findings = await judge(control, planned, people, { groups, left });
  const { user, system } = process.cpuUsage(cpu);
  return {
    seed: size.seed,
    messages: size.messages,
    faults,
    ...findings,
    reconnects: people.reduce((sum, one) => sum + one.reconnects, 0),
    unhandled,
    failedSends: people.reduce((sum, one) => sum + one.failedSends, 0),
    wallMs: Math.round(performance.now() - started),
    cpuMs: Math.round((user + system) / 1_000),
  };
}

/** In a thread of its own: what goes wrong in it is the server's, what goes wrong here is a client's. */
async function startWorker(scope: Scope, seed: number): Promise<Omit<Simulator, 'stop'>> {
  const worker = new Worker(new URL('../../../workers/simulator.js', import.meta.url), {
    workerData: { port: 0, seed },
  });
  scope.after(() => worker.terminate());
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    // An error in the simulator ends the run: as an uncaught exception once it has begun.
    worker.once('error', reject);
    worker.on('error', error => {
      throw error;
    });
  });
}

async function populate(
  scope: Scope,
  socketUrl: string,
  control: ControlClient,
  { owners, accounts }: Plan,
): Promise<Person[]> {
  const first = await control.linkedDevices(accounts, '1555');
  const second =
    owners.length > accounts ? await control.linkedDevices(owners.length - accounts, '1555') : [];
  const people = [...first, ...second].map(linked => new Person(scope, socketUrl, linked));
  for (const one of people) one.connect();
  await until(() => people.every(one => one.open), { within: 60_000, what: 'all open' });
  return people;
}

async function makeGroups(control: ControlClient, { members }: Plan, people: Person[]): Promise<string[]> {
  const made: string[] = [];
  for (const [index, accounts] of members.entries()) {
    const phones = accounts.map(account => people[account]?.phone ?? '');
    const [by = '', ...others] = phones;
    const body = { by, subject: `group ${index}`, members: others };
    made.push((await control.request<{ jid: string }>('POST', '/groups', body)).jid);
  }
  return made;
}

/** Resolves with the ids of the messages that their clients say have left. */
async function play(
  control: ControlClient,
  { steps, accounts }: Plan,
  people: Person[],
  groups: string[],
  log: (line: string) => void,
): Promise<string[]> {
  const flying = new Set<Promise<unknown>>();
  let sent = 0;
  const left: string[] = [];
  for (const step of steps) {
    if (step.do === 'restart') await control.restart(step.downMs);
    else if (step.do === 'close') {
      const jid = people[step.device]?.jid ?? '';
      // It may be between two connections just now.
      await control.disconnect(step.close, { jid }).catch(() => {});
    } else {
      const to =
        step.to >= accounts ? (groups[step.to - accounts] ?? '') : `${people[step.to]?.phone}@s.whatsapp.net`;
      const number = sent++;
      let attempt = 0;
      const makeId = () => `SOAK${number}A${attempt++}`;
      const sending = (people[step.from]?.send(to, step.text, makeId) ?? Promise.resolve('')).then(id =>
        left.push(id),
      );
      flying.add(sending);
      sending.finally(() => flying.delete(sending)).catch(() => {});
      if (flying.size >= AT_ONCE) await Promise.race(flying);
      if (sent % 200 === 0) log(`${sent} sent`);
    }
  }
  await Promise.all(flying);
  return left;
}

/** Until every device has confirmed all it was handed, or will not. */
async function settle(control: ControlClient, people: Person[], log: (line: string) => void): Promise<void> {
  for (let round = 1; round <= ROUNDS; round++) {
    await Promise.all(people.map(one => one.reconnect()));
    await stable(async () => {
      const { receipts, messages, handed, retries, nacks } = await control.ledger();
      return [receipts, messages, handed, retries, nacks].join();
    });
    const { pendingTotal } = await control.violations();
    const queued = (await control.devices()).reduce((sum, one) => sum + one.queued, 0);
    log(`round ${round}: ${pendingTotal} pending, ${queued} queued`);
    if (pendingTotal === 0 && queued === 0) return;
  }
}

/** Until what `look` says has not changed for 40 looks. */
async function stable(look: () => Promise<string>): Promise<void> {
  let last = '';
  let same = 0;
  await until(
    async () => {
      const now = await look();
      same = now === last ? same + 1 : 0;
      last = now;
      return same >= 40;
    },
    { within: 120_000, what: 'silence' },
  );
}
