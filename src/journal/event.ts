/**
 * One fact in the journal, and the one way in which it is written out.
 * The envelope is gowa's (`event`, `device_id`, `session_id`, `timestamp`, `payload`) plus `id` and `seq`.
 */
import type { JournalRow } from '../store/journal.ts';

export type { JournalRow };

/** Every event there is; docs/events.md describes each and a test compares the two. */
export const eventNames = [
  'message',
  'message.ack',
  'message.reaction',
  'message.revoked',
  'message.edited',
  'message.undecryptable',
  'message.recovered',
  'message.lost',
  'device.state',
  'device.degraded',
  'device.recovered',
] as const;

export type EventName = (typeof eventNames)[number];

/** A fact before it has its place: what `translate.ts` makes. */
export interface Draft {
  readonly event: EventName;
  /** When it happened, in milliseconds since 1970. */
  readonly at: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * The delivered body of an event, the same bytes whether it is streamed live, delivered or replayed later.
 * `device_id` is the account's JID and `session_id` our device id, as gowa's consumers expect.
 */
export function envelope(row: JournalRow, deviceId: string): string {
  const head = JSON.stringify({
    id: row.id,
    event: row.event,
    device_id: row.jid,
    session_id: deviceId,
    seq: row.seq,
    timestamp: row.at.toISOString(),
  });
  return `${head.slice(0, -1)},"payload":${row.payload}}`;
}
