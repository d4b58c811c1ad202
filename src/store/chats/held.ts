import { arrays } from '../arrays.ts';
import type { Sql } from '../database.ts';

/** Who writes, and the term of each device that is written to. */
export interface Held {
  readonly owner: string;
  readonly epochs: ReadonlyMap<number, number>;
}

/** The devices that the writer holds: what is joined with them is fenced. Locked in the order of every other statement. */
export function held(sql: Sql, { owner, epochs }: Held) {
  const { bigint, int } = arrays(sql);
  return sql`
      select d.no
        from device d
        join unnest(
               ${int([...epochs.keys()])}, ${bigint([...epochs.values()])}
             ) as w (no, epoch) on d.no = w.no and d.epoch = w.epoch
       where d.owner = ${owner}
       order by d.no
         for share of d`;
}
