import postgres from 'postgres';
import { Failure } from '../errors.ts';
import type { Sql } from './database.ts';
import { Fenced, type Term } from './fence.ts';

/** A device as it is stored. `stateAt` is when it came into its state; `jid` has the device part of the link. */
export interface DeviceRow {
  readonly no: number;
  readonly id: string;
  readonly jid: string | null;
  readonly lid: string | null;
  readonly name: string | null;
  readonly state: 'unlinked' | 'linked' | 'stopped';
  readonly reason: string | null;
  readonly owner: string | null;
  readonly epoch: number;
  readonly lastSeq: number;
  readonly createdAt: Date;
  readonly stateAt: Date;
  /** The device's own key, sealed (device-seals.ts). */
  readonly dek: Buffer | null;
}

const row = (sql: Sql) => sql`
  no, id, jid, lid, name, state, reason, owner, epoch,
  last_seq as "lastSeq", created_at as "createdAt", state_at as "stateAt", dek`;

/** All devices, the oldest first. */
export function listDevices(sql: Sql): Promise<DeviceRow[]> {
  return sql<DeviceRow[]>`select ${row(sql)} from device order by no`;
}

/**
 * Makes an unlinked device, owned at once, with its sealed key and a lane to every global endpoint. Fails with
 * DEVICE_EXISTS or INVALID_DEVICE_ID.
 */
export async function createDevice(
  sql: Sql,
  id: string,
  owner: string,
  dek: Buffer | null = null,
): Promise<DeviceRow> {
  try {
    const [made] = await sql<[DeviceRow]>`
      with made as (
        insert into device (id, owner, epoch, dek) values (${id}, ${owner}, 1, ${dek}) returning ${row(sql)}
      ), lanes as (
        insert into lane (endpoint_no, device_no)
        select e.no, made.no from made cross join endpoint e where e.device_no is null
      )
      select * from made`;
    return made;
  } catch (cause) {
    if (cause instanceof postgres.PostgresError) {
      if (cause.constraint_name === 'device_id_key') throw new Failure('DEVICE_EXISTS', undefined, { cause });
      if (cause.constraint_name === 'device_id_check')
        throw new Failure('INVALID_DEVICE_ID', undefined, { cause });
    }
    throw cause;
  }
}

/**
 * Takes every device for this node: from now on what any earlier owner writes is fenced off. Leases will narrow what is
 * `free` here to the devices whose owner has let its lease run out.
 */
export async function claimDevices(sql: Sql, owner: string): Promise<{ no: number; epoch: number }[]> {
  // In the order of their numbers, as every statement that locks devices: two nodes that start at once cannot deadlock.
  return await sql<{ no: number; epoch: number }[]>`
    with free as materialized (select no from device order by no for no key update)
    update device set owner = ${owner}, epoch = epoch + 1
      from free where device.no = free.no
    returning device.no, epoch`;
}

/** Forgets a device and everything of it. Resolves with false when there is none. */
export async function removeDevice(sql: Sql, no: number): Promise<boolean> {
  return (await sql`delete from device where no = ${no}`).count > 0;
}

/** The device is linked: to which account, and as which of its devices. Fails with Fenced. */
export async function markLinked(
  sql: Sql,
  { no, owner, epoch, jid, lid, name }: Term & { jid: string; lid: string | null; name: string | null },
): Promise<void> {
  const { count } = await sql`
    update device
       set state = 'linked', reason = null, jid = ${jid}, lid = ${lid}, name = ${shown(name)},
           state_at = case state when 'linked' then state_at else now() end
     where no = ${no} and owner = ${owner} and epoch = ${epoch}`;
  if (count === 0) throw new Fenced(no);
}

/**
 * The device is no longer linked and why: its account, credentials, Signal keys and what is in its inbox are forgotten; its
 * journal and the states of its messages stay.
 * Whoever commits state of the device must have stopped before, or the keys come back. Fails with Fenced.
 */
export async function markUnlinked(
  sql: Sql,
  { no, owner, epoch, reason }: Term & { reason: string | null },
): Promise<void> {
  const rows = await sql`
    with unlinked as (
      update device
         set state = 'unlinked', reason = ${reason}, jid = null, lid = null, name = null,
             state_at = case state when 'unlinked' then state_at else now() end
       where no = ${no} and owner = ${owner} and epoch = ${epoch}
      returning no
    ), forgotten as (
      delete from credentials using unlinked where device_no = unlinked.no
    ), gone as (
      delete from signal_key using unlinked where device_no = unlinked.no
    ), unread as (
      delete from undecryptable using unlinked where device_no = unlinked.no
    ), left_over as (
      delete from inbox using unlinked where device_no = unlinked.no
    ), known as (
      delete from received using unlinked where device_no = unlinked.no
    )
    select no from unlinked`;
  if (rows.length === 0) throw new Fenced(no);
}

/** WhatsApp refuses the device and a person must act; it stays linked as far as we know. Fails with Fenced. */
export async function markStopped(
  sql: Sql,
  { no, owner, epoch, reason }: Term & { reason: string },
): Promise<void> {
  const { count } = await sql`
    update device
       set state = 'stopped', reason = ${reason},
           state_at = case state when 'stopped' then state_at else now() end
     where no = ${no} and owner = ${owner} and epoch = ${epoch}`;
  if (count === 0) throw new Fenced(no);
}

/** A push name is anybody's text; the one character that PostgreSQL does not store is left out. */
const shown = (name: string | null) => name?.replaceAll('\0', '') ?? null;
