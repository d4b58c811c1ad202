// Keys of the API, and which devices each is for. A key itself is never here, only its SHA-256.
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

export interface ApiKeyRow {
  readonly id: string;
  readonly no: number;
  readonly origin: string;
  readonly rotatedFrom: string | null;
  readonly digest: Buffer;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly allDevices: boolean;
  readonly deviceNos: readonly number[];
  readonly deviceIds: readonly string[];
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
  /** Milliseconds until it expires, by the database's clock; null: never. */
  readonly leftMs: number | null;
}

/** What a key may do. Without `devices` it is for all of them. */
export interface ApiKeyGrant {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly devices: readonly number[] | undefined;
  readonly expiresAt: Date | null;
}

/** More keys at once than anybody hands out by hand: every node holds all that are good in memory. */
export const MOST_KEYS = 10_000;

/** Keys by their number, at most `limit`: the one of an id, or those that are neither revoked nor expired, or all. */
export async function readApiKeys(
  sql: Sql,
  { id = null, live = false, after = 0, limit = MOST_KEYS }: KeyQuery = {},
): Promise<ApiKeyRow[]> {
  return await sql<ApiKeyRow[]>`
    select k.id, k.no, k.origin, k.rotated_from as "rotatedFrom", k.digest, k.name, k.scopes,
           k.all_devices as "allDevices",
           coalesce(d.nos, '{}') as "deviceNos", coalesce(d.ids, '{}') as "deviceIds",
           k.created_at as "createdAt", k.expires_at as "expiresAt", k.revoked_at as "revokedAt",
           k.last_used_at as "lastUsedAt",
           (extract(epoch from k.expires_at - now()) * 1000)::float8 as "leftMs"
      from api_key k
      left join lateral (
        select array_agg(d.no order by d.no) as nos, array_agg(d.id order by d.no) as ids
          from api_key_device kd join device d on d.no = kd.device_no where kd.key_id = k.id
      ) d on true
     where k.no > ${after} and (${id}::text is null or k.id = ${id})
       and (not ${live}::boolean or (k.revoked_at is null and (k.expires_at is null or k.expires_at > now())))
     order by k.no limit ${limit}`;
}

export interface KeyQuery {
  readonly id?: string | null;
  readonly live?: boolean;
  readonly after?: number;
  readonly limit?: number;
}

/** Whether there has ever been a key. */
export async function hasApiKeys(sql: Sql): Promise<boolean> {
  const [row] = await sql<[{ any: boolean }]>`select exists (select from api_key) as any`;
  return row.any;
}

/** False when there are too many keys already. */
export async function insertApiKey(
  sql: Sql,
  { id, digest }: { readonly id: string; readonly digest: Buffer },
  { name, scopes, devices, expiresAt }: ApiKeyGrant,
): Promise<boolean> {
  const { int, text } = arrays(sql);
  const made = await sql`
    with made as (
      insert into api_key (id, origin, digest, name, scopes, all_devices, expires_at)
      select ${id}, ${id}, ${digest}::bytea, ${name}, ${text(scopes)},
             ${devices === undefined}::boolean, ${expiresAt}::timestamptz
       where (select count(*) from api_key where revoked_at is null) < ${MOST_KEYS}
      returning id
    ), theirs as (
      insert into api_key_device (key_id, device_no)
      select made.id, d.no from made, device d where d.no = any(${int(devices ?? [])})
    )
    select id from made`;
  return made.length > 0;
}

/** What is not given stays. `devices: null` means all. False when there is no such key, or it was revoked. */
export async function updateApiKey(
  sql: Sql,
  id: string,
  change: {
    readonly name?: string | undefined;
    readonly scopes?: readonly string[] | undefined;
    readonly devices?: readonly number[] | null | undefined;
    readonly expiresAt?: Date | null | undefined;
  },
): Promise<boolean> {
  const { int, text } = arrays(sql);
  const { name = null, scopes, devices, expiresAt } = change;
  const nos = int(devices ?? []);
  const changed = await sql`
    with changed as (
      update api_key
         set name = coalesce(${name}::text, name),
             scopes = coalesce(${scopes ? text(scopes) : null}::text[], scopes),
             all_devices = case when ${devices === undefined}::boolean then all_devices else ${devices === null}::boolean end,
             expires_at = case when ${expiresAt === undefined}::boolean then expires_at else ${expiresAt ?? null}::timestamptz end
       where id = ${id} and revoked_at is null
      returning id
    ), gone as (
      delete from api_key_device kd using changed
       where kd.key_id = changed.id and ${devices !== undefined}::boolean and kd.device_no <> all(${nos})
    ), added as (
      insert into api_key_device (key_id, device_no)
      select changed.id, d.no from changed, device d where d.no = any(${nos})
      on conflict do nothing
    )
    select id from changed`;
  return changed.length > 0;
}

/**
 * Makes another key that may do what the key `from` may; that one ends in `overlapSeconds`, or earlier if it was to. Unless
 * another end is given the new one is good for as long as the old one was made for. False when the old one has ended.
 */
export async function rotateApiKey(
  sql: Sql,
  from: string,
  { id, digest }: { readonly id: string; readonly digest: Buffer },
  { overlapSeconds, expiresAt }: { readonly overlapSeconds: number; readonly expiresAt: Date | null },
): Promise<boolean> {
  const made = await sql`
    with before as (
      select * from api_key
       where id = ${from} and revoked_at is null and (expires_at is null or expires_at > now())
       for update
    ), ending as (
      update api_key k
         set expires_at = least(k.expires_at, now() + ${overlapSeconds} * interval '1 second')
        from before where k.id = before.id
    ), made as (
      insert into api_key (id, origin, rotated_from, digest, name, scopes, all_devices, expires_at)
      select ${id}, origin, id, ${digest}::bytea, name, scopes, all_devices,
             coalesce(${expiresAt}::timestamptz, now() + (expires_at - created_at))
        from before
      returning id
    ), theirs as (
      insert into api_key_device (key_id, device_no)
      select made.id, kd.device_no from made, api_key_device kd where kd.key_id = ${from}
    )
    select id from made`;
  return made.length > 0;
}

/** False when there is no such key. One that was revoked before stays so since then. */
export async function revokeApiKey(sql: Sql, id: string): Promise<boolean> {
  const { count } = await sql`
    update api_key set revoked_at = coalesce(revoked_at, now()) where id = ${id}`;
  return count > 0;
}

/** Notes when keys were used last. */
export async function touchApiKeys(sql: Sql, uses: ReadonlyMap<string, number>): Promise<void> {
  const { text, timestamptz } = arrays(sql);
  const ids = text([...uses.keys()]);
  const times = timestamptz([...uses.values()].map(at => new Date(at)));
  await sql`
    update api_key k set last_used_at = greatest(k.last_used_at, u.at)
      from unnest(${ids}, ${times}) as u (id, at) where k.id = u.id`;
}
