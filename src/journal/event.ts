/**
 * One fact in the journal, and the one way in which it is written out.
 * The envelope is gowa's (`event`, `device_id`, `session_id`, `timestamp`, `payload`) plus `id`, `version` and `seq`.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Seal } from '../lib/seal.ts';
import type { JournalRow, NewRow } from '../store/journal.ts';
import { type EventName, versionOf } from './names.ts';

/** A fact before it has its place: what `device/translate` makes. */
export interface Draft {
  readonly event: EventName;
  /** When it happened, in milliseconds since 1970. */
  readonly at: number;
  readonly payload: Readonly<Record<string, unknown>>;
  /**
   * What makes it this fact and no other, within its device and event: told again, it is the same event and not a second
   * one. Absent for what happens anew each time.
   */
  readonly identity?: string;
}

/** A fact with the id that it keeps for ever. */
export type Fact = Draft & { readonly id: string };

/** The fact with its id: made from what it is where it has an identity, so that it is the same however it is found. */
export function identified<D extends Draft>(deviceNo: number, draft: D): D & Fact {
  const { event, identity } = draft;
  const name =
    identity === undefined
      ? randomBytes(18)
      : createHash('sha256')
          .update(JSON.stringify([deviceNo, event, identity]))
          .digest()
          .subarray(0, 18);
  return { ...draft, id: `evt_${name.toString('base64url')}` };
}

/** What is told in the place of a fact that cannot be stored, under its id. */
export function unparsed({ id, event }: Fact, reason: string, now: number): Fact {
  return { id, event: 'event.unparsed', at: now, payload: { event, reason } };
}

const place = (deviceNo: number, id: string) => `journal/${deviceNo}/${id}`;

/** A fact that cannot be written out as a row: its time is none, its payload is not JSON, or what completes it goes astray. */
export class Unwritable extends Error {
  override readonly name = 'Unwritable';
}

/** The row of a fact, its payload sealed. `jid` is the account's JID without its device part. Fails with Unwritable. */
export function rowOf(deviceNo: number, jid: string, fact: Fact, seal: Seal): NewRow {
  const at = new Date(fact.at);
  if (Number.isNaN(at.getTime())) throw new Unwritable(`it happened at ${fact.at}`);
  const payload = seal.seal(place(deviceNo, fact.id), Buffer.from(json(fact.payload)));
  return { deviceNo, id: fact.id, event: fact.event, jid, at, payload };
}

function json(payload: Fact['payload']): string {
  try {
    return JSON.stringify(payload);
  } catch (cause) {
    throw new Unwritable('its payload is not JSON', { cause });
  }
}

/** The payload of an event whose content is not kept any longer than until it is delivered. */
const REMOVED = '{"removed":true}';

/** The body of a row as it is delivered. Fails with SealBroken when the row was changed or moved. */
export function openedBody(row: JournalRow, deviceId: string, seal: Seal): string {
  if (row.payload.length === 0) return envelope(row, deviceId, REMOVED);
  return envelope(row, deviceId, seal.open(place(row.deviceNo, row.id), row.payload).toString('utf8'));
}

/**
 * The delivered body of an event, the same bytes whether it is streamed live, delivered or replayed later.
 * `device_id` is the account's JID and `session_id` our device id, as gowa's consumers expect; `payload` is JSON text.
 */
export function envelope(row: Omit<JournalRow, 'payload'>, deviceId: string, payload: string): string {
  const head = JSON.stringify({
    id: row.id,
    event: row.event,
    version: versionOf(row.event),
    device_id: row.jid,
    session_id: deviceId,
    seq: row.seq,
    timestamp: row.at.toISOString(),
  });
  return `${head.slice(0, -1)},"payload":${payload}}`;
}
