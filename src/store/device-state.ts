/**
 * Everything of a device that it needs to go on elsewhere, read from its rows and opened, or sealed and written for a
 * new device. Its journal is not among it: events belong to the installation where they happened.
 */
import { Failure } from '../errors.ts';
import { Pauses } from '../lib/pauses.ts';
import { type Seal, SealBroken } from '../lib/seal.ts';
import { arrays, byteaText } from './arrays.ts';
import type { Sql } from './database.ts';
import { asDeviceFailure, type DeviceRow, deviceColumns } from './devices.ts';
import { places } from './places.ts';
import { type SignalKind, signalKinds } from './signal-keys.ts';

export type KindName = keyof typeof signalKinds;

export interface KeptKey {
  readonly kind: KindName;
  readonly id: string;
  readonly value: Buffer;
}

/** A stanza that has come in and whose facts are not in the journal yet. */
export interface KeptStanza {
  readonly hash: Buffer;
  readonly stanza: Buffer | null;
  readonly plaintext: Buffer | null;
}

/** A message that was sent or shall be. `state` is the code of its column. */
export interface KeptMessage {
  readonly id: string;
  readonly chat: string;
  readonly message: Buffer;
  readonly state: number;
  readonly reason: string | null;
  readonly tries: number;
  readonly createdAt: Date;
  readonly stateAt: Date;
}

/** In clear. */
export interface DeviceState {
  readonly credentials: Buffer;
  readonly keys: readonly KeptKey[];
  readonly inbox: readonly KeptStanza[];
  /** Hashes of ciphertexts that are done. */
  readonly received: readonly Buffer[];
  readonly outgoing: readonly KeptMessage[];
}

/** Messages that are done and go along, the newest: peers that could not decrypt one ask for it within minutes. */
const SENT_KEPT = 2_000;
const RECEIVED_KEPT = 50_000;

const kindNames = new Map(Object.entries(signalKinds).map(([name, kind]) => [kind, name as KindName]));

/**
 * Reads a device that nobody writes to any more. What does not open is left out and told to `broken`, by its place; without
 * its credentials it is no device: fails with DEVICE_STOPPED then, or as the statements do.
 */
export async function readDeviceState(
  sql: Sql,
  no: number,
  seal: Seal,
  broken: (place: string) => void,
): Promise<DeviceState> {
  const open = (place: string, value: Buffer | null) => {
    try {
      return value && seal.open(place, value);
    } catch (error) {
      if (!(error instanceof SealBroken)) throw error;
      broken(place);
      return undefined;
    }
  };
  const [row] = await sql<{ value: Buffer }[]>`select value from credentials where device_no = ${no}`;
  const credentials = row && open(places.credentials(no), row.value);
  if (!credentials)
    throw new Failure('DEVICE_STOPPED', 'The stored credentials of the device cannot be read.');

  const pauses = new Pauses();
  const keys: KeptKey[] = [];
  const keyRows = sql<{ kind: SignalKind; id: string; value: Buffer }[]>`
    select kind, id, value from signal_key where device_no = ${no}`;
  for (const { kind, id, value } of await keyRows) {
    if (pauses.due) await pauses.take();
    const name = kindNames.get(kind)!;
    const opened = open(places.key(no, name, id), value);
    if (opened) keys.push({ kind: name, id, value: opened });
  }

  const inbox: KeptStanza[] = [];
  const inboxRows = sql<KeptStanza[]>`
    select hash, stanza, plaintext from inbox where device_no = ${no} order by inbox.no`;
  for (const { hash, ...sealed } of await inboxRows) {
    if (pauses.due) await pauses.take();
    const stanza = open(places.stanza(no, hash), sealed.stanza);
    const plaintext = open(places.plaintext(no, hash), sealed.plaintext);
    if (stanza !== undefined && plaintext !== undefined) inbox.push({ hash, stanza, plaintext });
  }

  const received = await sql<{ hash: Buffer }[]>`
    select hash from received where device_no = ${no} order by at desc limit ${RECEIVED_KEPT}`;

  const outgoing: KeptMessage[] = [];
  const outgoingRows = sql<KeptMessage[]>`
    (select id, chat, message, state, reason, tries, created_at as "createdAt", state_at as "stateAt"
       from outgoing where device_no = ${no} and state < 2)
    union all
    (select id, chat, message, state, reason, tries, created_at, state_at
       from outgoing where device_no = ${no} and state >= 2 and message <> '' order by created_at desc limit ${SENT_KEPT})`;
  for (const row of await outgoingRows) {
    if (pauses.due) await pauses.take();
    const message = open(places.outgoing(no, row.id), row.message);
    if (message) outgoing.push({ ...row, message });
  }
  return { credentials, keys, inbox, received: received.map(({ hash }) => hash), outgoing };
}

/** A device to be made of a state: its id, its account, its own key in clear and sealed. */
export interface NewDevice {
  readonly id: string;
  readonly jid: string;
  readonly lid: string | null;
  readonly name: string | null;
  readonly owner: string;
  readonly seal: Seal;
  readonly dek: Buffer;
}

/**
 * Makes a linked device with all of its state in one statement, owned at once, with a lane to every global endpoint. Fails
 * with DEVICE_EXISTS when there is one of its id, or of the same linked device of the account.
 */
export async function writeDevice(sql: Sql, device: NewDevice, state: DeviceState): Promise<DeviceRow> {
  const { smallint, text, timestamptz } = arrays(sql);
  const { id, jid, lid, name, owner, seal, dek } = device;
  const { inbox, received, outgoing } = state;
  // The number is part of every place, so it is needed before the row is there.
  const [{ no }] = await sql<[{ no: number }]>`
    select nextval(pg_get_serial_sequence('device', 'no'))::int as no`;
  const values = await byteaText(state.keys, ({ kind, id, value }) =>
    seal.seal(places.key(no, kind, id), value),
  );
  const arrived = await byteaText(inbox, ({ hash }) => hash);
  const stanzas = await byteaText(
    inbox,
    ({ hash, stanza }) => stanza && seal.seal(places.stanza(no, hash), stanza),
  );
  const plaintexts = await byteaText(
    inbox,
    ({ hash, plaintext }) => plaintext && seal.seal(places.plaintext(no, hash), plaintext),
  );
  const done = await byteaText(received, hash => hash);
  const messages = await byteaText(outgoing, ({ id, message }) =>
    seal.seal(places.outgoing(no, id), message),
  );
  const rows = await sql<DeviceRow[]>`
    with made as (
      insert into device (no, id, jid, lid, name, state, owner, epoch, dek) overriding system value
      select ${no}::int, ${id}, ${jid}, ${lid}, ${name}, 'linked', ${owner}::uuid, 1, ${dek}::bytea
       where not exists (select from device d where d.jid = ${jid})
      returning ${deviceColumns(sql)}
    ), lanes as (
      insert into lane (endpoint_no, device_no)
      select e.no, made.no from made cross join endpoint e where e.device_no is null
    ), kept as (
      insert into credentials (device_no, value)
      select made.no, ${seal.seal(places.credentials(no), state.credentials)}::bytea from made
    ), keys as (
      insert into signal_key (device_no, kind, id, value)
      select made.no, k.kind, k.id, k.value
        from made cross join unnest(
               ${smallint(state.keys.map(({ kind }) => signalKinds[kind]))}, ${text(state.keys.map(({ id }) => id))},
               ${values}::text::bytea[]
             ) as k (kind, id, value)
    ), arrived as (
      insert into inbox (device_no, hash, stanza, plaintext)
      select made.no, i.hash, i.stanza, i.plaintext
        from made cross join unnest(
               ${arrived}::text::bytea[], ${stanzas}::text::bytea[], ${plaintexts}::text::bytea[]
             ) with ordinality as i (hash, stanza, plaintext, place)
       order by i.place
    ), remembered as (
      insert into received (device_no, hash)
      select made.no, r.hash from made cross join unnest(${done}::text::bytea[]) as r (hash)
      on conflict do nothing
    ), queued as (
      insert into outgoing (device_no, id, chat, message, state, reason, tries, created_at, state_at)
      select made.no, o.id, o.chat, o.message, o.state, o.reason, o.tries, o.created_at, o.state_at
        from made cross join unnest(
               ${text(outgoing.map(({ id }) => id))}, ${text(outgoing.map(({ chat }) => chat))}, ${messages}::text::bytea[],
               ${smallint(outgoing.map(({ state }) => state))}, ${text(outgoing.map(({ reason }) => reason))},
               ${smallint(outgoing.map(({ tries }) => tries))}, ${timestamptz(outgoing.map(({ createdAt }) => createdAt))},
               ${timestamptz(outgoing.map(({ stateAt }) => stateAt))}
             ) as o (id, chat, message, state, reason, tries, created_at, state_at)
    )
    select * from made`.catch(asDeviceFailure);
  const [made] = rows;
  if (!made)
    throw new Failure('DEVICE_EXISTS', 'The same linked device of that account is here already.', {
      results: { device_id: id },
    });
  return made;
}
