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
  readonly state: 'unlinked' | 'linked' | 'stopped' | 'conflict';
  readonly reason: string | null;
  readonly owner: string | null;
  readonly epoch: number;
  readonly lastSeq: number;
  readonly createdAt: Date;
  readonly stateAt: Date;
  /** The device's own key, sealed (device-seals.ts). */
  readonly dek: Buffer | null;
  /** When it was handed to another installation; it must not run here then. */
  readonly exportedAt: Date | null;
}

/** What a device's earlier life means for the next one. Times are milliseconds by the database's clock. */
export interface Remembered {
  readonly no: number;
  readonly state: DeviceRow['state'];
  readonly reason: string | null;
  /** It shall not connect for so long; null when it may. */
  readonly restMs: number | null;
  /** How long ago another connection took its place; null when none did. */
  readonly replacedAgoMs: number | null;
}

/** The columns of a `DeviceRow`. */
export const deviceColumns = (sql: Sql) => sql`
  device.no, id, jid, lid, name, state, reason, owner, device.epoch,
  last_seq as "lastSeq", created_at as "createdAt", state_at as "stateAt", dek, exported_at as "exportedAt"`;

/** All devices, the oldest first. */
export function listDevices(sql: Sql): Promise<DeviceRow[]> {
  return sql<DeviceRow[]>`select ${deviceColumns(sql)} from device order by no`;
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
        insert into device (id, owner, epoch, dek) values (${id}, ${owner}, 1, ${dek}) returning ${deviceColumns(sql)}
      ), lanes as (
        insert into lane (endpoint_no, device_no)
        select e.no, made.no from made cross join endpoint e where e.device_no is null
      )
      select * from made`;
    return made;
  } catch (cause) {
    return asDeviceFailure(cause);
  }
}

/** Why a device could not be made, in the words of whoever asked for it. */
export function asDeviceFailure(cause: unknown): never {
  if (cause instanceof postgres.PostgresError) {
    if (cause.constraint_name === 'device_id_key') throw new Failure('DEVICE_EXISTS', undefined, { cause });
    if (cause.constraint_name === 'device_id_check')
      throw new Failure('INVALID_DEVICE_ID', undefined, { cause });
  }
  throw cause;
}

/** Devices that this node does not own, the oldest first. */
export function listOthers(sql: Sql, owner: string): Promise<DeviceRow[]> {
  return sql<
    DeviceRow[]
  >`select ${deviceColumns(sql)} from device where owner is distinct from ${owner} order by no`;
}

/** What is remembered of these devices, in no order. */
export function readRemembered(sql: Sql, nos: readonly number[]): Promise<Remembered[]> {
  return sql<Remembered[]>`
    select no, state, reason,
           case when not_before > now() then extract(epoch from not_before - now())::float8 * 1000 end as "restMs",
           extract(epoch from now() - replaced_at)::float8 * 1000 as "replacedAgoMs"
      from device
     where no = any(${[...nos]}::int[])`;
}

/**
 * Takes the devices that are free: without an owner, or of an owner whose lease has run out or is gone. Each has the next
 * epoch then, which fences off what its earlier owner still writes. With `held`, the numbers of the devices that this
 * node knows to be its own, those of its own that are not among them are taken anew, too: after a lost lease none is,
 * and after a claim whose answer was lost some are missing. The oldest come first.
 */
export async function claimDevices(sql: Sql, owner: string, held?: readonly number[]): Promise<DeviceRow[]> {
  // What is free is decided first, and then each row is locked under the very epoch that it was free in: PostgreSQL looks
  // at a row again that another node has just taken, but not at the leases that the first look went by. Locked in the
  // order of their numbers, as every statement that locks devices.
  const claimed = await sql<DeviceRow[]>`
    with takeable as materialized (
      select d.no, d.epoch
        from device d
       where d.owner is null
          or (d.owner <> ${owner} and not exists (
                select from node n where n.id = d.owner and n.expires_at > now()))
          or (d.owner = ${owner} and ${held !== undefined} and d.no <> all(${[...(held ?? [])]}::int[]))
    ), free as materialized (
      select d.no
        from device d
        join takeable t on t.no = d.no and t.epoch = d.epoch
       order by d.no
         for no key update of d
    )
    update device set owner = ${owner}, epoch = device.epoch + 1
      from free
     where device.no = free.no
    returning ${deviceColumns(sql)}`;
  return claimed.toSorted((a, b) => a.no - b.no);
}

/** Forgets a device and everything of it. Resolves with false when there is none. Fails with Fenced. */
export async function removeDevice(sql: Sql, { no, owner, epoch }: Term): Promise<boolean> {
  const { count } = await sql`delete from device where no = ${no} and owner = ${owner} and epoch = ${epoch}`;
  if (count > 0) return true;
  if ((await sql`select from device where no = ${no}`).count > 0) throw new Fenced(no);
  return false;
}

/** The device is linked: to which account, and as which of its devices. Fails with Fenced. */
export async function markLinked(
  sql: Sql,
  { no, owner, epoch, jid, lid, name }: Term & { jid: string; lid: string | null; name: string | null },
): Promise<void> {
  const { count } = await sql`
    update device
       set state = 'linked', reason = null, not_before = null, jid = ${jid}, lid = ${lid}, name = ${shown(name)},
           state_at = case state when 'linked' then state_at else now() end
     where no = ${no} and owner = ${owner} and epoch = ${epoch}`;
  if (count === 0) throw new Fenced(no);
}

/**
 * The device is no longer linked and why: its account, credentials, Signal keys, chats and what is in its inbox are
 * forgotten; its journal and the states of its messages stay, but not what they said. The next account to be linked may be
 * another's. Whoever commits state of the device must have stopped before, or the keys come back. Fails with Fenced.
 */
export async function markUnlinked(
  sql: Sql,
  { no, owner, epoch, reason }: Term & { reason: string | null },
): Promise<void> {
  const rows = await sql`
    with unlinked as (
      update device
         set state = 'unlinked', reason = ${reason}, not_before = null, replaced_at = null,
           jid = null, lid = null, name = null,
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
    ), labels as (
      delete from label using unlinked where device_no = unlinked.no
    ), labelled as (
      delete from label_association using unlinked where device_no = unlinked.no
    ), said as (
      delete from chat using unlinked where device_no = unlinked.no
    ), people as (
      delete from contact using unlinked where device_no = unlinked.no
    ), sent as (
      update outgoing set message = '' from unlinked where device_no = unlinked.no
    )
    select no from unlinked`;
  if (rows.length === 0) throw new Fenced(no);
}

/**
 * WhatsApp refuses the device (`stopped`) or another process runs the same credentials (`conflict`), and a person must
 * act; it stays linked as far as we know. Fails with Fenced.
 */
export async function markHalted(
  sql: Sql,
  { no, owner, epoch, state, reason }: Term & { state: 'stopped' | 'conflict'; reason: string },
): Promise<void> {
  const { count } = await sql`
    update device
       set state = ${state}, reason = ${reason}, not_before = null,
           state_at = case state when ${state} then state_at else now() end
     where no = ${no} and owner = ${owner} and epoch = ${epoch}`;
  if (count === 0) throw new Fenced(no);
}

/**
 * The device rests for `ms` from now and why, so that no restart and no other node connects it earlier; `replaced` when
 * it rests because another connection took its place. Fails with Fenced.
 */
export async function markResting(
  sql: Sql,
  { no, owner, epoch, reason, ms, replaced }: Term & { reason: string; ms: number; replaced: boolean },
): Promise<void> {
  const { count } = await sql`
    update device
       set state = 'linked', reason = ${reason}, not_before = now() + ${ms} * interval '1 millisecond',
           replaced_at = case when ${replaced} then now() else replaced_at end
     where no = ${no} and owner = ${owner} and epoch = ${epoch}`;
  if (count === 0) throw new Fenced(no);
}

/**
 * The device is handed to another installation (or, with `exported` false, taken back): from the next epoch on, so that
 * whatever still runs it can write no more. Fails with Fenced.
 */
export async function markExported(
  sql: Sql,
  { no, owner, epoch }: Term,
  exported: boolean,
): Promise<DeviceRow> {
  const [row] = await sql<DeviceRow[]>`
    update device
       set epoch = epoch + 1,
           exported_at = case when ${exported} then coalesce(exported_at, now()) end, state_at = now()
     where no = ${no} and owner = ${owner} and epoch = ${epoch}
    returning ${deviceColumns(sql)}`;
  if (!row) throw new Fenced(no);
  return row;
}

/** A push name is anybody's text; the one character that PostgreSQL does not store is left out. */
const shown = (name: string | null) => name?.replaceAll('\0', '') ?? null;
