import type { Logger } from 'pino';
import { envelope, openedBody } from '../journal/event.ts';
import { privateEvents } from '../journal/names.ts';
import { type Seal, SealBroken } from '../lib/seal.ts';
import type { Sql } from '../store/database.ts';
import type { JournalRow } from '../store/journal.ts';
import { readBatch } from '../store/lanes.ts';
import type { Checkpoint } from './checkpoint.ts';
import { wants } from './filter.ts';
import type { Known } from './known.ts';
import { cursorOf, type Lane, type Ready, rest, stock } from './lane.ts';
import type { DeviceKeys } from './secrets.ts';

/** Between two looks at a device whose key does not open. */
const KEY_BROKEN_MS = 60_000;

export interface ReaderOptions {
  readonly sql: Sql;
  readonly log: Logger;
  readonly known: Known;
  readonly checkpoint: Checkpoint;
  /** Opens what is stored of a device. */
  readonly seals: DeviceKeys;
  readonly now: () => number;
}

/** A read stored event as it is told. `payload` opens it, once, for whoever asks what is in it. */
export function told(
  row: JournalRow,
  { deviceId, seal, log }: { deviceId: string; seal: Seal; log: Logger },
): { body: string; payload: () => Record<string, unknown> } {
  const body = bodyOf(row, deviceId, seal, log);
  return { body, payload: () => payloadOf(body) };
}

/** What is in an envelope; nothing where it is lost. */
export function payloadOf(body: string): Record<string, unknown> {
  return (JSON.parse(body) as { payload: Record<string, unknown> | null }).payload ?? {};
}

/** One event that was changed in the database must not hold back all that follow: it is told without what was in it. */
function bodyOf(row: JournalRow, deviceId: string, seal: Seal, log: Logger): string {
  try {
    return openedBody(row, deviceId, seal);
  } catch (err) {
    if (!(err instanceof SealBroken)) throw err;
    log.error({ err, device: deviceId, seq: row.seq }, 'a stored event does not open; its payload is lost');
    return envelope(row, deviceId, 'null');
  }
}

/**
 * Makes the one who reads a lane's next events from the journal and puts those that its endpoint wants at hand. Fails as
 * the database does; nothing has changed then.
 */
export function reader(options: ReaderOptions): (lane: Lane, limit: number) => Promise<void> {
  const { sql, log, known, checkpoint, seals, now } = options;

  async function read(lane: Lane, limit: number): Promise<void> {
    const { deviceNo, replay, endpoint, scanned: cursor } = lane;
    const name = { endpointNo: endpoint.no, deviceNo, replay };
    const batch = await readBatch(sql, { ...name, cursor }, limit, [...privateEvents]);
    if (!batch) {
      known.drop(lane);
      lane.latest = lane.scanned;
      return;
    }
    // A hint of more than the journal has would be followed for ever.
    if (batch.scanned === cursor) lane.latest = cursor;
    const seal = await sealOf(lane);
    if (!seal) return;
    const at = performance.now();
    const events = batch.rows.flatMap((row): Ready[] => {
      const { body, payload } = told(row, { deviceId: lane.deviceId, seal, log });
      return wants(endpoint.filter, row.event, payload) ? [{ seq: row.seq, id: row.id, body, at }] : [];
    });
    stock(lane, events, batch.scanned, known.shelf);
    if (cursorOf(lane) > cursor) checkpoint.mark(lane);
  }

  /** Undefined when the device's key does not open: its lanes rest, for the operator may have its row to put back. */
  async function sealOf(lane: Lane): Promise<Seal | undefined> {
    try {
      return await seals.sealOf(lane.deviceNo);
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      if (lane.attempt === 0)
        log.error({ err, device: lane.deviceId }, 'events of a device cannot be opened; they wait');
      lane.attempt += 1;
      rest(lane, known.shelf, now() + KEY_BROKEN_MS, 'the key of the device cannot be opened');
      checkpoint.mark(lane);
      return undefined;
    }
  }

  return read;
}
