// After the blows: everything that is owed arrives, or never will.
import { until } from '../until.ts';
import type { Product } from './product.ts';
import type { Stage } from './stage.ts';

/** Nothing has moved for so long: what is missing now stays missing. */
const STILL_MS = 8_000;
const LONGEST_MS = 600_000;

/** Who is to come to rest. */
export type Settling = Pick<Stage, 'product' | 'control' | 'sql' | 'devices'>;

interface Owed {
  readonly closed: number;
  readonly pending: number;
  readonly queued: number;
  readonly undelivered: number;
}

/** Resolves with what is still owed when nothing moves any more; all zeros is how it should be. */
export async function settle(stage: Settling, log: (line: string) => void): Promise<Owed> {
  const { product, control, sql, devices } = stage;
  await product.listening();
  await wake(product, log);
  await until(() => calm(product), { within: LONGEST_MS, what: 'all devices are open' }).catch(() =>
    log('not all devices are open'),
  );
  let last = '';
  let since = performance.now();
  const begun = since;
  for (;;) {
    // A lane rests after a failure, up to five minutes after many; nobody has to wait for that here.
    await sql`update lane set not_before = '-infinity' where not_before > now()`;
    const [row] = await sql<[{ undelivered: number; events: number }]>`
      select coalesce(sum(d.last_seq - l.cursor), 0)::int as undelivered,
             coalesce(sum(d.last_seq), 0)::int as events
        from lane l join device d on d.no = l.device_no where l.cursor < d.last_seq`;
    const { pendingTotal } = await control.violations();
    const ours = new Set(devices.map(({ jid }) => jid));
    const listed = (await control.devices()).filter(({ jid }) => ours.has(jid));
    const { receipts, messages, handed, retries } = await control.ledger();
    const owed = {
      closed: listed.filter(({ connected }) => !connected).length,
      pending: pendingTotal,
      queued: listed.reduce((sum, one) => sum + one.queued, 0),
      undelivered: row.undelivered,
    };
    const now = JSON.stringify([owed, row.events, receipts, messages, handed, retries]);
    if (now !== last) since = performance.now();
    last = now;
    const still = performance.now() - since;
    const nothing = Object.values(owed).every(count => count === 0);
    if ((nothing && still > STILL_MS / 4) || still > STILL_MS || performance.now() - begun > LONGEST_MS)
      return owed;
    await new Promise(next => setTimeout(next, 250));
  }
}

/** A thread that is killed on purpose is blamed on whoever was at work: a device that came to rest by that is woken, as a person would. */
async function wake({ calls }: Product, log: (line: string) => void): Promise<void> {
  const { body } = await calls.api<{ device_id: string; state: string }[]>('GET', '/device/list');
  for (const { device_id, state } of body.results ?? []) {
    if (state !== 'crashed') continue;
    log(`${device_id} rests: it is asked to connect again`);
    await calls.api('POST', `/devices/${device_id}/reconnect`);
  }
}

/** Every device is open, or is one that does not connect. */
export async function calm({ calls }: Product): Promise<boolean> {
  const { body } = await calls.api<{ state: string }[]>('GET', '/device/list');
  return (body.results ?? []).every(({ state }) => ['open', 'unlinked', 'stopped'].includes(state));
}
