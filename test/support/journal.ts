// A device's journal as its receivers would get it.
import { openedBody } from '../../src/journal/event.ts';
import type { Sql } from '../../src/store/database.ts';
import { readEvents } from '../../src/store/journal.ts';
import { testSeals } from './keys.ts';

/** An event as it is delivered. */
export interface Told {
  readonly id: string;
  readonly event: string;
  readonly seq: number;
  readonly payload: Record<string, unknown>;
}

/** All events of the device with this id, in order. */
export async function journalOf(sql: Sql, id: string): Promise<Told[]> {
  const [device] = await sql<{ no: number }[]>`select no from device where id = ${id}`;
  if (!device) return [];
  const seal = await testSeals(sql).sealOf(device.no);
  return (await readEvents(sql, device.no, 0, 1_000_000)).map(
    row => JSON.parse(openedBody(row, id, seal)) as Told,
  );
}
