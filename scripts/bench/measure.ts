/** What is measured at one size: of Cardume over three starts of its process, of stock Baileys over one. */
import { seedDevices } from '../../test/support/seed.ts';
import { pause } from './children.ts';
import { cpuMs, rssMb } from './proc.ts';
import { type Product, type ProductOptions, startProduct } from './product.ts';
import { startReceiver } from './receiver.ts';
import { startStock } from './stock-subject.ts';
import type { Storage } from './storage.ts';
import { type Cost, KINDS, type Kind, type Load, talk } from './workload.ts';
import { startWorld } from './world.ts';

export const WORKERS = 2;
/** After the last device is open: its first questions to WhatsApp are answered and its facts are stored. */
const SETTLE_MS = 3_000;
const IDLE_BEFORE_TALK_MS = 3_000;
/** Texts of each kind until the code is compiled; every pair of devices has its sessions after one round. */
const WARM_TEXTS = 200;
const STOCK_OPEN_WITHIN = 240_000;

/** Milliseconds of CPU; idle CPU of the process is taken off. */
export interface PerText {
  readonly texts: number;
  readonly cpuMs: number;
  readonly databaseMs: number;
  readonly perSecond: number;
}

export type Talk = Readonly<Record<Kind, PerText>>;

export interface Figures {
  readonly devices: number;
  readonly rssMb: number;
  /** Milliseconds of CPU per second while nothing happens. */
  readonly idleMs: number;
  readonly reconnectMs: number;
  readonly openSeconds: number;
  readonly talk: Talk;
  /** Cardume only: the same with every event delivered to a webhook. */
  readonly webhook?: Talk;
}

/** A process without devices. */
export interface Empty {
  readonly cpuMs: number;
  readonly rssMb: number;
}

export interface Plan {
  readonly storage: Storage;
  readonly messages: number;
  readonly idleSeconds: number;
  readonly nodeOptions: readonly string[];
  readonly say: (line: string) => void;
}

const EMPTY_STARTS = 3;

/** What a start costs without a device: subtracted from a start with devices to have the cost of a reconnect. */
export async function measureEmpty(plan: Plan): Promise<Empty> {
  const { storage, nodeOptions, idleSeconds } = plan;
  const world = await startWorld();
  try {
    const database = await storage.database('bench_0');
    const starts: Empty[] = [];
    for (let n = 0; n < EMPTY_STARTS; n++) {
      const product = await startProduct({ world, database, devices: [], workers: WORKERS, nodeOptions });
      try {
        await pause(SETTLE_MS);
        const spent = cpuMs(product.pid);
        // The memory is read once, of the last one.
        if (n === EMPTY_STARTS - 1) await pause(idleSeconds * 1000);
        starts.push({ cpuMs: spent, rssMb: rssMb(product.pid) });
      } finally {
        await product.stop();
      }
    }
    const [, middle] = starts.map(start => start.cpuMs).toSorted((a, b) => a - b);
    return { cpuMs: middle ?? 0, rssMb: starts.at(-1)?.rssMb ?? 0 };
  } finally {
    await world.stop();
  }
}

export async function measureProduct(plan: Plan, empty: Empty, devices: number): Promise<Figures> {
  const { storage, nodeOptions, say } = plan;
  const world = await startWorld();
  const receiver = await startReceiver();
  try {
    const database = await storage.database(`bench_${devices}`);
    const seeded = await seedDevices(database.sql, world.control, devices);
    const options = { world, database, devices: seeded, workers: WORKERS, nodeOptions };
    const run = <T>(how: Partial<ProductOptions>, work: (product: Product) => Promise<T>) =>
      running(() => startProduct({ ...options, ...how }), work);
    const load = (subject: Product): Load => ({ subject, world, databaseMs: storage.cpuMs });

    say(`${devices} devices: texts`);
    const plain = await run({}, product => conversation(plan, load(product)));
    say(`${devices} devices: restart and idle`);
    const rest = await run({}, async product => {
      await pause(SETTLE_MS);
      const reconnectMs = (cpuMs(product.pid) - empty.cpuMs) / devices;
      const idle = await measureIdle(product.pid, plan.idleSeconds * 1000);
      const open = await product.open();
      if (open !== devices) throw new Error(`${open} of ${devices} devices are open after a restart`);
      return { reconnectMs, openSeconds: product.openSeconds, ...idle };
    });
    say(`${devices} devices: texts, every event to a webhook`);
    const webhook = await run({ receiver }, product => conversation(plan, load(product)));
    return { devices, ...rest, talk: plain, webhook };
  } finally {
    receiver.stop();
    await world.stop();
  }
}

export async function measureStock(plan: Plan, devices: number): Promise<Figures> {
  const { nodeOptions, say } = plan;
  const world = await startWorld();
  try {
    const linked = await world.control.linkedDevices(devices);
    return await running(
      () => startStock(world, linked, nodeOptions),
      async stock => {
        say(`${devices} stock devices: connect and idle`);
        await pause(SETTLE_MS);
        const before = cpuMs(stock.pid);
        const start = performance.now();
        await stock.connect(STOCK_OPEN_WITHIN);
        const openSeconds = (performance.now() - start) / 1000;
        await pause(SETTLE_MS);
        const reconnectMs = (cpuMs(stock.pid) - before) / devices;
        const idle = await measureIdle(stock.pid, plan.idleSeconds * 1000);
        say(`${devices} stock devices: texts`);
        const talk = await conversation(plan, { subject: stock, world, databaseMs: () => 0 });
        return { devices, reconnectMs, openSeconds, ...idle, talk };
      },
    );
  } finally {
    await world.stop();
  }
}

async function measureIdle(pid: number, ms: number): Promise<Pick<Figures, 'rssMb' | 'idleMs'>> {
  const before = cpuMs(pid);
  await pause(ms);
  return { rssMb: rssMb(pid), idleMs: (cpuMs(pid) - before) / (ms / 1000) };
}

/** Warms up, then measures what texts cost above what idling costs. */
async function conversation({ messages }: Plan, load: Load): Promise<Talk> {
  await talk(load, Math.min(WARM_TEXTS, messages));
  const { idleMs } = await measureIdle(load.subject.pid, IDLE_BEFORE_TALK_MS);
  const costs = await talk(load, messages);
  return Object.fromEntries(KINDS.map(kind => [kind, perText(costs[kind], idleMs)])) as Record<Kind, PerText>;
}

function perText({ texts, cpuMs, databaseMs, wallMs }: Cost, idleMs: number): PerText {
  return {
    texts,
    cpuMs: (cpuMs - (idleMs * wallMs) / 1000) / texts,
    databaseMs: databaseMs / texts,
    perSecond: texts / (wallMs / 1000),
  };
}

async function running<S extends { stop(): Promise<void> }, T>(
  start: () => Promise<S>,
  work: (subject: S) => Promise<T>,
): Promise<T> {
  const subject = await start();
  try {
    return await work(subject);
  } finally {
    await subject.stop();
  }
}
