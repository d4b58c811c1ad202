import { Failure } from '../errors.ts';
import { monotonic, within } from '../lib/deadline.ts';
import { type Sql, unavailable } from '../store/database.ts';
import type { Fleet } from './devices.ts';

const PROBE_WITHIN = 2_000;

/** Whether this node can serve its devices; `reasons` are sentences for a person. */
export async function readinessOf(
  sql: Sql,
  fleet: Pick<Fleet, 'ownership' | 'shards'>,
  phase: 'starting' | 'running' | 'stopping',
): Promise<{ ready: boolean; reasons: string[] }> {
  const reasons: string[] = [];
  if (phase !== 'running') reasons.push(`The server is ${phase}.`);
  try {
    await within(sql`select 1`, monotonic() + PROBE_WITHIN, () => new Failure('STORE_UNAVAILABLE'));
  } catch (error) {
    reasons.push(
      error instanceof Failure || unavailable(error)
        ? 'The database cannot be reached.'
        : 'The database refuses us.',
    );
  }
  const { here, elsewhere, missing } = fleet.ownership();
  if (missing !== undefined) reasons.push(missing);
  // All that could be asked of it would be refused. One that runs some devices, beside a node that runs others, is ready.
  else if (here === 0 && elsewhere > 0)
    reasons.push(
      `Another node runs ${elsewhere === 1 ? 'the device' : `the ${elsewhere} devices`}; this one waits, and takes over when that one ends.`,
    );
  for (const { shard, state, quarantine } of fleet.shards())
    if (state !== 'up' && !quarantine) reasons.push(`Shard ${shard} is ${state}.`);
  return { ready: reasons.length === 0, reasons };
}
