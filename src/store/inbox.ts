// Stanzas whose facts are not in the journal yet, and the hashes of ciphertexts that are done. Rows are written by
// commit.ts, together with the ratchet step, and taken out by journal.ts, together with the facts.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import type { Term } from './fence.ts';

/** A stanza that has come in. `hash` names it; `stanza` and `plaintext` are sealed. */
export interface InboxRow {
  readonly deviceNo: number;
  readonly hash: Buffer;
  readonly stanza: Buffer | null;
  readonly plaintext: Buffer | null;
}

/** A row that was left over, and what it was charged with (`tries` of the table) by a device that its thread had died of. */
export type LeftOver = InboxRow & { readonly blame: number };

/** How long a ciphertext is remembered: WhatsApp keeps what nobody receipts for about two weeks (whatsmeow relies on 14 days). */
const REMEMBERED_DAYS = 14;

/** The device's rows in the order in which they came. None when the term is over. */
export async function readLeftOvers(sql: Sql, { no, owner, epoch }: Term): Promise<LeftOver[]> {
  return await sql<LeftOver[]>`
    select i.device_no as "deviceNo", i.hash, i.stanza, i.plaintext, i.tries as blame
      from inbox i join device d on d.no = i.device_no
     where i.device_no = ${no} and d.owner = ${owner} and d.epoch = ${epoch}
     order by i.no`;
}

/** Charges these rows with so much more, or less. */
export async function blame(
  sql: Sql,
  { no, owner, epoch }: Term,
  hashes: readonly Buffer[],
  charge: number,
): Promise<void> {
  const { bytea } = arrays(sql);
  await sql`
    update inbox i set tries = i.tries + ${charge}
      from device d
     where i.device_no = ${no} and i.hash = any(${bytea(hashes)})
       and d.no = i.device_no and d.owner = ${owner} and d.epoch = ${epoch}`;
}

/**
 * What is known of a ciphertext: its sealed plaintext while its facts are not in the journal, null when they are, undefined
 * when it was never received.
 */
export async function findReceived(
  sql: Sql,
  deviceNo: number,
  hash: Buffer,
): Promise<Buffer | null | undefined> {
  const [row] = await sql<{ plaintext: Buffer | null }[]>`
    select plaintext from inbox where device_no = ${deviceNo} and hash = ${hash} and plaintext is not null
    union all
    select null from received where device_no = ${deviceNo} and hash = ${hash}
    limit 1`;
  return row?.plaintext;
}

/** Forgets hashes that WhatsApp cannot send again, at most `limit`. Resolves with how many. */
export async function forgetReceived(sql: Sql, limit: number): Promise<number> {
  const { count } = await sql`
    delete from received
     where (device_no, hash) in (
       select device_no, hash from received where at < now() - ${REMEMBERED_DAYS} * interval '1 day' limit ${limit}
     )`;
  return count;
}
