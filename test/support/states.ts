// What the journal tells of a device's states.
import assert from 'node:assert/strict';
import type { Sql } from '../../src/store/database.ts';
import { journalOf } from './journal.ts';
import { until } from './until.ts';

/** The `device.state` events of a device, in order, without their times. */
export async function statesOf(sql: Sql, id: string): Promise<Record<string, unknown>[]> {
  return (await journalOf(sql, id))
    .filter(({ event }) => event === 'device.state')
    .map(({ payload: { timestamp: _, ...state } }) => state);
}

/** Resolves when the events of a device tell these states, in order. */
export async function tells(
  { sql }: { sql: Sql },
  { id }: { readonly id: string },
  wanted: readonly { state: string; reason?: string }[],
  what = 'states',
): Promise<void> {
  await until(
    async () => {
      assert.deepEqual(await statesOf(sql, id), wanted);
      return true;
    },
    { what },
  );
}
