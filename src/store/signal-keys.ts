import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';

/** How each kind of Signal state is stored in signal_key.kind. A number, once given, is never given again. */
export const signalKinds = {
  'pre-key': 1,
  session: 2,
  'sender-key': 3,
  'sender-key-memory': 4,
  'app-state-sync-key': 5,
  'app-state-sync-version': 6,
  'lid-mapping': 7,
  'device-list': 8,
  tctoken: 9,
  'identity-key': 10,
} as const;

export type SignalKind = (typeof signalKinds)[keyof typeof signalKinds];

/** Names one record. */
export interface SignalKeyAddress {
  readonly deviceNo: number;
  readonly kind: SignalKind;
  readonly id: string;
}

export interface SignalKeyRow extends SignalKeyAddress {
  readonly value: Buffer;
}

/** Those of the wanted records that exist, in no order: one round trip for any number of devices. Written by commit.ts. */
export async function readSignalKeys(sql: Sql, wanted: readonly SignalKeyAddress[]): Promise<SignalKeyRow[]> {
  const { int, smallint, text } = arrays(sql);
  if (wanted.length === 0) return [];
  const numbers = wanted.map(({ deviceNo }) => deviceNo);
  const kinds = wanted.map(({ kind }) => kind);
  const ids = wanted.map(({ id }) => id);
  return await sql<SignalKeyRow[]>`
    select k.device_no as "deviceNo", k.kind, k.id, k.value
      from unnest(
             ${int(numbers)}, ${smallint(kinds)}, ${text(ids)}
           ) as w (device_no, kind, id)
      join signal_key k on k.device_no = w.device_no and k.kind = w.kind and k.id = w.id`;
}
