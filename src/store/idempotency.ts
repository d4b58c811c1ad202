// What was asked for under an Idempotency-Key, and what was answered.
import type { Sql } from './database.ts';

/** How long an answer is kept for a request that comes again. */
const KEPT_HOURS = 24;

export interface Claim {
  /** Nobody else does it: it is ours to do. Names this use of the key, the same each time that the request comes again. */
  readonly ours: string | undefined;
  /** It was there before: somebody else does it, has done it, or came nobody knows how far. */
  readonly earlier: {
    readonly fingerprint: Buffer;
    readonly status: number | null;
    readonly answer: Buffer | null;
  } | null;
}

/**
 * Claims a request, if nobody does it or has done it. A process that has no lease (any more) does nothing; nor does this
 * one, or it would not ask.
 */
export async function claimRequest(
  sql: Sql,
  { id, fingerprint, node }: { readonly id: Buffer; readonly fingerprint: Buffer; readonly node: string },
): Promise<Claim> {
  const [row] = await sql<
    [{ ours: string | null; fingerprint: Buffer | null; status: number | null; answer: Buffer | null }]
  >`
    with claimed as (
      insert into idempotency (id, fingerprint, node, expires_at)
      values (${id}, ${fingerprint}, ${node}, now() + ${KEPT_HOURS} * interval '1 hour')
      on conflict (id) do update
        set fingerprint = excluded.fingerprint, node = excluded.node, status = null, answer = null,
            expires_at = case when idempotency.expires_at < now() then excluded.expires_at else idempotency.expires_at end
        where idempotency.expires_at < now() or idempotency.fingerprint = ''
           or (idempotency.fingerprint = excluded.fingerprint and idempotency.status is null
               and (idempotency.node is null or idempotency.node = excluded.node
                    or not exists (select from node n where n.id = idempotency.node and n.expires_at > now())))
      returning extract(epoch from expires_at)::text as ours
    )
    select (select ours from claimed), i.fingerprint, i.status, i.answer
      from (select) one left join idempotency i on i.id = ${id} and i.expires_at >= now() and i.fingerprint <> ''`;
  const { ours, fingerprint: earlier, status, answer } = row;
  return { ours: ours ?? undefined, earlier: earlier && { fingerprint: earlier, status, answer } };
}

/** Keeps the answer of a request that is ours. */
export async function keepAnswer(
  sql: Sql,
  { id, node, status, answer }: { id: Buffer; node: string; status: number; answer: Buffer | null },
): Promise<void> {
  await sql`
    update idempotency set status = ${status}, answer = ${answer}, node = null
     where id = ${id} and node = ${node}`;
}

/** Nobody does it any more, and nobody knows how far it came. */
export async function leaveRequest(sql: Sql, id: Buffer, node: string): Promise<void> {
  await sql`update idempotency set node = null where id = ${id} and node = ${node}`;
}

/** Nothing of it was done: it may be asked for as if it never had been, and so may anything else; it is the same use of the key. */
export async function forgetRequest(sql: Sql, id: Buffer, node: string): Promise<void> {
  await sql`update idempotency set fingerprint = '', node = null where id = ${id} and node = ${node}`;
}

/** Forgets what is over, at most `limit`. Resolves with how many. */
export async function forgetAnswers(sql: Sql, limit: number): Promise<number> {
  const { count } = await sql`
    delete from idempotency where id in (select id from idempotency where expires_at < now() limit ${limit})`;
  return count;
}
