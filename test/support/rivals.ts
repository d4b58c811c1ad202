// Two nodes on one database, each a process of its own, and what WhatsApp saw of them.
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { type Program, startProgram } from './program.ts';
import { until } from './until.ts';
import type { World } from './world.ts';

interface Listed {
  readonly device_id: string;
  readonly state: string;
  readonly reason?: string;
  readonly shard: number | null;
}

export interface Sockets {
  /** Logins (`login`) and ends of connections (their names) since it began, in the order in which they happened. */
  readonly log: readonly { readonly jid: string; readonly what: string }[];
  /** What happened to one device. */
  of(jid: string): string[];
}

/** Listens to the simulator until the end of the test. */
export async function watchSockets(t: TestContext, { simulator }: World): Promise<Sockets> {
  const ending = new AbortController();
  t.after(() => ending.abort());
  const log: { jid: string; what: string }[] = [];
  const events = await simulator.events({ kinds: ['login', 'close'], signal: ending.signal });
  const listen = async () => {
    for await (const event of events)
      if (event.kind === 'login') log.push({ jid: event.jid, what: 'login' });
      else if (event.kind === 'close') log.push({ jid: event.jid, what: event.close });
  };
  listen().catch(() => {});
  return { log, of: jid => log.filter(event => event.jid === jid).map(({ what }) => what) };
}

/** A node in a process of its own, in this world. */
export function startRival(
  t: TestContext,
  world: World,
  settings: Readonly<Record<string, string>> = {},
): Promise<Program> {
  return startProgram(t, { ...world.settings, WORKERS: '1', ...settings });
}

export async function listed(program: Program): Promise<readonly Listed[]> {
  return (await program.api<Listed[]>('GET', '/device/list')).body.results ?? [];
}

export interface Ready {
  readonly status: number;
  readonly reasons: readonly string[];
}

export async function readiness({ url }: Pick<Program, 'url'>): Promise<Ready> {
  const response = await fetch(new URL('/ready', url));
  const { reasons = [] } = (await response.json()) as { reasons?: string[] };
  return { status: response.status, reasons };
}

/** Resolves when the node says that it waits for another one. */
export async function waits(program: Program): Promise<void> {
  await until(
    async () => (await readiness(program)).reasons.some(reason => /another node runs/i.test(reason)),
    {
      what: 'the node waits for another one',
    },
  );
}

/** The term of each device. */
export async function epochs({ sql, seeded }: World): Promise<number[]> {
  const rows = await sql<{ epoch: number }[]>`
    select epoch from device where id = any(${seeded.map(({ id }) => id)}::text[]) order by no`;
  return rows.map(({ epoch }) => epoch);
}

/** Never were two sockets of one device open: a connection that came while another was there ended that one. */
export function assertNeverTwice({ log }: Sockets): void {
  const open = new Set<string>();
  for (const { jid, what } of log) {
    if (what !== 'login') open.delete(jid);
    else {
      assert.ok(!open.has(jid), 'a second socket of a device that has one');
      open.add(jid);
    }
  }
  assert.deepEqual(
    log.filter(({ what }) => what === 'replaced'),
    [],
    'nobody was replaced',
  );
}
