import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import type { InboxRow } from './inbox.ts';
import type { OutgoingRow } from './outgoing.ts';
import type { SignalKeyAddress, SignalKeyRow } from './signal-keys.ts';

/** What the devices of a shard want to be durable. No record twice, and one epoch per device. */
export interface StateChange {
  readonly upserts: readonly (SignalKeyRow & { readonly epoch: number })[];
  readonly deletes: readonly (SignalKeyAddress & { readonly epoch: number })[];
  readonly credentials: readonly {
    readonly deviceNo: number;
    readonly epoch: number;
    readonly value: Buffer;
  }[];
  /** Stanzas that have come in, in their order. One that is there already is left as it is. */
  readonly inbox?: readonly (InboxRow & { readonly epoch: number })[];
  /** Messages to send. One that is there already is left as it is. */
  readonly outgoing?: readonly (OutgoingRow & { readonly epoch: number })[];
}

/**
 * Makes the change durable in one statement, all of it or nothing, except what belongs to devices that `owner` does not
 * hold in that epoch: nothing of those is written, and their numbers are what it resolves with. When it fails with a
 * lost connection nobody knows whether it was committed: the devices must be read anew from the database.
 */
export async function commitState(sql: Sql, owner: string, change: StateChange): Promise<Set<number>> {
  const { bigint, bytea, int, smallint, text } = arrays(sql);
  const upserts = change.upserts.toSorted(byKey);
  const deletes = change.deletes.toSorted(byKey);
  const { credentials, inbox = [], outgoing = [] } = change;
  const epochs = new Map<number, number>();
  for (const row of [...upserts, ...deletes, ...credentials, ...inbox, ...outgoing])
    epochs.set(row.deviceNo, row.epoch);
  if (epochs.size === 0) return new Set();

  // `for share`: a node that claims a device waits for us, or we for it and then see its epoch. Locks are taken in the
  // order of their keys everywhere, so that two statements cannot wait for each other.
  const held = await sql<{ no: number }[]>`
    with fence as materialized (
      select d.no
        from device d
        join unnest(${int([...epochs.keys()])}, ${bigint([...epochs.values()])}) as w (no, epoch)
          on d.no = w.no and d.epoch = w.epoch
       where d.owner = ${owner}
       order by d.no
         for share of d
    ), gone as (
      delete from signal_key k
       using unnest(
               ${int(deletes.map(row => row.deviceNo))}, ${smallint(deletes.map(row => row.kind))},
               ${text(deletes.map(row => row.id))}
             ) as r (device_no, kind, id)
        join fence on fence.no = r.device_no
       where k.device_no = r.device_no and k.kind = r.kind and k.id = r.id
    ), stored as (
      insert into signal_key (device_no, kind, id, value)
      select r.device_no, r.kind, r.id, r.value
        from unnest(
               ${int(upserts.map(row => row.deviceNo))}, ${smallint(upserts.map(row => row.kind))},
               ${text(upserts.map(row => row.id))}, ${bytea(upserts.map(row => row.value))}
             ) as r (device_no, kind, id, value)
        join fence on fence.no = r.device_no
      on conflict (device_no, kind, id) do update set value = excluded.value
    ), kept as (
      insert into credentials (device_no, value)
      select r.device_no, r.value
        from unnest(
               ${int(credentials.map(row => row.deviceNo))}, ${bytea(credentials.map(row => row.value))}
             ) as r (device_no, value)
        join fence on fence.no = r.device_no
      on conflict (device_no) do update set value = excluded.value, updated_at = now()
    ), arrived as (
      insert into inbox (device_no, hash, stanza, plaintext)
      select r.device_no, r.hash, r.stanza, r.plaintext
        from unnest(
               ${int(inbox.map(row => row.deviceNo))}, ${bytea(inbox.map(row => row.hash))},
               ${bytea(inbox.map(row => row.stanza))}, ${bytea(inbox.map(row => row.plaintext))}
             ) with ordinality as r (device_no, hash, stanza, plaintext, place)
        join fence on fence.no = r.device_no
       order by r.place
      on conflict (device_no, hash) do nothing
    ), queued as (
      insert into outgoing (device_no, id, chat, message)
      select r.device_no, r.id, r.chat, r.message
        from unnest(
               ${int(outgoing.map(row => row.deviceNo))}, ${text(outgoing.map(row => row.id))},
               ${text(outgoing.map(row => row.chat))}, ${bytea(outgoing.map(row => row.message))}
             ) as r (device_no, id, chat, message)
        join fence on fence.no = r.device_no
      on conflict (device_no, id) do nothing
    )
    select no from fence`;
  for (const { no } of held) epochs.delete(no);
  return new Set(epochs.keys());
}

function byKey(a: SignalKeyAddress, b: SignalKeyAddress): number {
  return a.deviceNo - b.deviceNo || a.kind - b.kind || (a.id < b.id ? -1 : 1);
}
