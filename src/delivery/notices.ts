// What devices are told of their webhooks: facts in the journal of every device whose events wait.
import { envelope, identified, rowOf } from '../journal/event.ts';
import type { EventName } from '../journal/names.ts';
import { SealBroken } from '../lib/seal.ts';
import type { Streamed } from '../shard/protocol.ts';
import type { Sql } from '../store/database.ts';
import { type BehindDevice, devicesBehind } from '../store/endpoint-health.ts';
import { type NewRow, record } from '../store/journal.ts';
import type { Endpoint } from './endpoint.ts';
import type { DeviceKeys } from './secrets.ts';

export type Notice = Extract<EventName, `webhook.${string}`>;

/** Something to be told of an endpoint. `since` is the begin of what it is about: told again, it is the same fact. */
export interface Told {
  readonly notice: Notice;
  readonly reason: string | undefined;
  readonly since: number;
}

/**
 * Makes the one who tells: it writes the fact to the journal of every device that the endpoint is behind with, whichever
 * node runs it, by the right of its owner, and hands on what was written. Fails as the database does; told again after
 * that, nothing is there twice.
 */
export function notices(
  { sql, seals, now }: { sql: Sql; seals: DeviceKeys; now: () => number },
  recorded: (events: readonly Streamed[]) => void,
): (endpoint: Endpoint, told: Told) => Promise<void> {
  async function rowsOf(endpoint: Endpoint, told: Told, devices: readonly BehindDevice[]) {
    const rows: { readonly device: BehindDevice; readonly row: NewRow; readonly payload: string }[] = [];
    for (const device of devices) {
      const payload = {
        ...{ webhook_id: endpoint.webhookId, url: shownUrl(endpoint.url) },
        ...{ since: device.since.toISOString(), behind: device.behind },
        ...(told.reason !== undefined && { reason: told.reason }),
      };
      const identity = `${endpoint.webhookId}/${told.since}`;
      const draft = { event: told.notice, at: now(), payload, identity };
      try {
        const seal = await seals.sealOf(device.no);
        const row = rowOf(device.no, device.jid, identified(device.no, draft), seal);
        rows.push({ device, row, payload: JSON.stringify(payload) });
      } catch (error) {
        // A device whose key does not open has nobody to be told.
        if (!(error instanceof SealBroken)) throw error;
      }
    }
    return rows;
  }

  return async (endpoint, told) => {
    const devices = await devicesBehind(sql, endpoint.no);
    const rows = await rowsOf(endpoint, told, devices);
    for (const owner of new Set(devices.map(device => device.owner))) {
      const own = rows.filter(({ device }) => device.owner === owner);
      const epochs = new Map(own.map(({ device: { no, epoch } }) => [no, epoch]));
      const { placed } = await record(sql, owner, {
        ...{ epochs, rows: own.map(({ row }) => row), done: [], steps: [] },
      });
      const seqs = new Map(placed.map(({ id, seq }) => [id, seq]));
      const events = own.flatMap(({ device, row, payload }) => {
        const seq = seqs.get(row.id);
        if (seq === undefined) return [];
        const body = envelope({ ...row, seq }, device.id, payload);
        return [{ device: device.id, deviceNo: device.no, seq, id: row.id, event: row.event, body }];
      });
      if (events.length > 0) recorded(events);
    }
  };
}

/** Where it leads, without what might be secret in it. */
function shownUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
