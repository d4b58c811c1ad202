// Rows that do not open are moved aside as they are, in one statement with their end where they were: to the device they
// are absent from then on, and whoever wants to know what happened still has them.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { Fenced, type Term } from './fence.ts';
import type { SignalKeyRow } from './signal-keys.ts';

/** A row of `quarantined_row`: where it was, and why it is not there any more. */
export interface QuarantinedRow {
  readonly deviceNo: number;
  readonly source: string;
  readonly kind: number | null;
  readonly id: string;
  readonly value: Buffer;
  readonly reason: string;
  readonly at: Date;
}

/**
 * Moves Signal keys aside; one that has another value by now is left. Resolves with how many were moved. Fails with
 * Fenced, and as the statement does.
 */
export async function quarantineSignalKeys(
  sql: Sql,
  { no, owner, epoch }: Term,
  rows: readonly Pick<SignalKeyRow, 'kind' | 'id' | 'value'>[],
  reason: string,
): Promise<number> {
  const { bytea, smallint, text } = arrays(sql);
  const kinds = smallint(rows.map(({ kind }) => kind));
  const ids = text(rows.map(({ id }) => id));
  const values = bytea(rows.map(({ value }) => value));
  const [moved] = await sql<[{ held: boolean; rows: number }]>`
    with fence as materialized (
      select no from device where no = ${no} and owner = ${owner} and epoch = ${epoch} for share
    ), gone as (
      delete from signal_key k
       using fence, unnest(${kinds}, ${ids}, ${values}) as r (kind, id, value)
       where k.device_no = fence.no and k.kind = r.kind and k.id = r.id and k.value = r.value
      returning k.device_no, k.kind, k.id, k.value
    ), kept as (
      insert into quarantined_row (device_no, source, kind, id, value, reason)
      select device_no, 'signal_key', kind, id, value, ${reason} from gone
      returning no
    )
    select exists (select from fence) as held, (select count(*)::int from kept) as rows`;
  if (!moved.held) throw new Fenced(no);
  return moved.rows;
}

/** Moves a stanza that has come in aside, or what of it is there. Fails with Fenced, and as the statement does. */
export async function quarantineStanza(
  sql: Sql,
  { no, owner, epoch }: Term,
  hash: Buffer,
  reason: string,
): Promise<void> {
  const [moved] = await sql<[{ held: boolean }]>`
    with fence as materialized (
      select no from device where no = ${no} and owner = ${owner} and epoch = ${epoch} for share
    ), gone as (
      delete from inbox i using fence where i.device_no = fence.no and i.hash = ${hash}
      returning i.device_no, i.stanza, i.plaintext
    ), kept as (
      insert into quarantined_row (device_no, source, id, value, reason)
      select gone.device_no, 'inbox.' || part.name, ${hash.toString('hex')}, part.value, ${reason}
        from gone cross join lateral (values ('stanza', gone.stanza), ('plaintext', gone.plaintext)) as part (name, value)
       where part.value is not null
    )
    select exists (select from fence) as held`;
  if (!moved.held) throw new Fenced(no);
}

/** What was moved aside of a device, the oldest first. */
export async function quarantinedRows(sql: Sql, deviceNo: number): Promise<QuarantinedRow[]> {
  return await sql<QuarantinedRow[]>`
    select device_no as "deviceNo", source, kind, id, value, reason, at
      from quarantined_row where device_no = ${deviceNo} order by no`;
}
