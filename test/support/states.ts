// What the journal tells of a device's states.
import assert from 'node:assert/strict';
import type { Sql } from '../../src/store/database.ts';
import { until } from './until.ts';

export interface Told {
  readonly state: string;
  readonly reason?: string;
}

/** The `device.state` events of a device, in order, without their times. */
export async function statesOf(sql: Sql, id: string): Promise<Told[]> {
  const rows = await sql<{ payload: string }[]>`
    select payload from journal join device on device_no = no
     where device.id = ${id} and event = 'device.state' order by seq`;
  return rows.map(({ payload }) => {
    const { timestamp: _, ...state } = JSON.parse(payload) as Told & { timestamp: string };
    return state;
  });
}

/** Resolves when the events of a device tell these states, in order. */
export async function tells(
  { sql }: { sql: Sql },
  { id }: { readonly id: string },
  wanted: readonly Told[],
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
