// Who did what. Rows are added, and go when they are old enough; the table's triggers refuse anything else.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

export interface AuditEntry {
  readonly at: Date;
  readonly actor: string;
  readonly address: string;
  readonly action: string;
  readonly device: string | null;
  readonly target: string | null;
  readonly status: number;
  readonly code: string;
  readonly request: string;
  /** Hashes of what was changed. */
  readonly before: Buffer | null;
  readonly after: Buffer | null;
}

export interface AuditQuery {
  /** Entries with a lower number than this. */
  readonly before?: number | undefined;
  readonly limit: number;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly device?: string | undefined;
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

/** Adds entries in one statement. */
export async function addAudit(sql: Sql, entries: readonly AuditEntry[]): Promise<void> {
  const [one, another] = entries;
  if (!one) return;
  if (!another) return await addOne(sql, one);
  const { bytea, smallint, text, timestamptz } = arrays(sql);
  await sql`
    insert into audit (at, actor, address, action, device, target, status, code, request, before, after)
    select * from unnest(
      ${timestamptz(entries.map(entry => entry.at))},
      ${text(entries.map(entry => entry.actor))}, ${text(entries.map(entry => entry.address))},
      ${text(entries.map(entry => entry.action))}, ${text(entries.map(entry => entry.device))},
      ${text(entries.map(entry => entry.target))},
      ${smallint(entries.map(entry => entry.status))},
      ${text(entries.map(entry => entry.code))}, ${text(entries.map(entry => entry.request))},
      ${bytea(entries.map(entry => entry.before))}, ${bytea(entries.map(entry => entry.after))}
    )`;
}

/** As arrays the eleven fields of one row take a third more CPU, and its caller waits for it. */
async function addOne(sql: Sql, entry: AuditEntry): Promise<void> {
  const { at, actor, address, action, device, target, status, code, request, before, after } = entry;
  await sql`
    insert into audit (at, actor, address, action, device, target, status, code, request, before, after)
    values (${at}, ${actor}, ${address}, ${action}, ${device}, ${target}, ${status}, ${code}, ${request},
            ${before}, ${after})`;
}

/** The newest first. */
export async function readAudit(
  sql: Sql,
  { before, limit, actor = null, action = null, device = null, since = null, until = null }: NullableQuery,
): Promise<(AuditEntry & { readonly no: number })[]> {
  return await sql<(AuditEntry & { no: number })[]>`
    select no, at, actor, address, action, device, target, status, code, request, before, after
      from audit
     where (${before ?? null}::bigint is null or no < ${before ?? null})
       and (${actor}::text is null or actor = ${actor})
       and (${action}::text is null or action = ${action})
       and (${device}::text is null or device = ${device})
       and (${since}::timestamptz is null or at >= ${since})
       and (${until}::timestamptz is null or at < ${until})
     order by no desc limit ${limit}`;
}

type NullableQuery = { readonly [K in keyof AuditQuery]: AuditQuery[K] | null } & { readonly limit: number };

/** Forgets what is older than so many days, at most `limit` entries. Resolves with how many. */
export async function forgetAudit(sql: Sql, days: number, limit: number): Promise<number> {
  const { count } = await sql`
    delete from audit where no in (
      select no from audit where at < now() - ${days} * interval '1 day' order by no limit ${limit}
    )`;
  return count;
}
