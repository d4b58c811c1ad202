import type { Stored } from '../device/health/care.ts';
import { readCredentials } from '../store/credentials.ts';
import type { Sql } from '../store/database.ts';
import { readDeviceSettings } from '../store/device-settings.ts';
import { readRemembered } from '../store/devices.ts';
import { readDegraded } from '../store/health.ts';
import { readUndecryptable } from '../store/undecryptable.ts';

/** What the store knows of each of these devices; of its undecryptable messages at most so many. */
export async function readStored(
  sql: Sql,
  nos: readonly number[],
  mostUnread: number,
): Promise<(no: number) => Stored> {
  const [credentials, settings, degraded, unread, lives] = await Promise.all([
    readCredentials(sql, [...nos]),
    readDeviceSettings(sql, nos),
    readDegraded(sql, [...nos]),
    readUndecryptable(sql, nos, mostUnread),
    readRemembered(sql, nos),
  ]);
  const remembered = new Map(lives.map(life => [life.no, life]));
  return no => ({
    credentials: credentials.get(no),
    settings: settings.get(no),
    degraded: degraded.has(no),
    unread: unread.get(no) ?? [],
    remembered: remembered.get(no),
  });
}
