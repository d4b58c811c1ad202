// Messages to send. Rows are written by commit.ts before anything is on the wire; their states by journal.ts.
import type { Sql } from './database.ts';

/**
 * What has become of an outgoing message, as stored: `queued` (not on the wire as far as we know), `sent` (on the wire),
 * `server_ack` (WhatsApp has it), `delivered` and `read` (by at least one recipient), `failed` (it will never be sent).
 */
export const outgoingStates = ['queued', 'sent', 'server_ack', 'delivered', 'read', 'failed'] as const;

export type OutgoingState = (typeof outgoingStates)[number];

/** A state as its column has it. */
export const codeOf = (state: OutgoingState): number => outgoingStates.indexOf(state);

/** A message to send; `message` is sealed. */
export interface OutgoingRow {
  readonly deviceNo: number;
  readonly id: string;
  readonly chat: string;
  readonly message: Buffer;
}

/** A message as far as it has come. */
export interface OutgoingStatus {
  readonly id: string;
  readonly chat: string;
  readonly state: OutgoingState;
  readonly reason: string | null;
  readonly tries: number;
  readonly createdAt: Date;
  readonly stateAt: Date;
}

/** A step of a message. States only go forward, and a message that WhatsApp has taken does not fail any more. */
export interface OutgoingStep {
  readonly deviceNo: number;
  readonly id: string;
  readonly state: OutgoingState;
  readonly reason?: string | undefined;
  /** One more attempt was made. */
  readonly tried?: boolean;
}

/** How long a message is kept: for peers that could not decrypt it and ask again, and for whoever asks what became of it. */
const KEPT_DAYS = 7;
/** A message that did not get out for so long is nobody's wish any more. */
export const SENDABLE_HOURS = 24;

interface Row {
  readonly id: string;
  readonly chat: string;
  readonly state: number;
  readonly reason: string | null;
  readonly tries: number;
  readonly createdAt: Date;
  readonly stateAt: Date;
}

const statusOf = ({ state, ...row }: Row): OutgoingStatus => ({ ...row, state: outgoingStates[state]! });

/** A message's state; undefined when there is no such message (any more). */
export async function readOutgoing(
  sql: Sql,
  deviceNo: number,
  id: string,
): Promise<OutgoingStatus | undefined> {
  const [row] = await sql<Row[]>`
    select id, chat, state, reason, tries, created_at as "createdAt", state_at as "stateAt"
      from outgoing where device_no = ${deviceNo} and id = ${id}`;
  return row && statusOf(row);
}

/** The sealed message itself, for whoever could not decrypt it or says something about it; of an account that is gone it is ''. */
export async function readOutgoingMessage(
  sql: Sql,
  deviceNo: number,
  id: string,
): Promise<Pick<OutgoingRow, 'chat' | 'message'> | undefined> {
  const [row] = await sql<Pick<OutgoingRow, 'chat' | 'message'>[]>`
    select chat, message from outgoing where device_no = ${deviceNo} and id = ${id} and message <> ''`;
  return row;
}

/** Messages that WhatsApp has not acknowledged, the oldest first, each with whether its time is over. */
export async function unacknowledged(
  sql: Sql,
  deviceNo: number,
): Promise<(OutgoingRow & { readonly tries: number; readonly expired: boolean })[]> {
  return await sql<(OutgoingRow & { tries: number; expired: boolean })[]>`
    select device_no as "deviceNo", id, chat, message, tries,
           created_at < now() - ${SENDABLE_HOURS} * interval '1 hour' as expired
      from outgoing
     where device_no = ${deviceNo} and state < 2
     order by created_at, id`;
}

/** Forgets messages that nobody will ask for, at most `limit`. Resolves with how many. */
export async function forgetOutgoing(sql: Sql, limit: number): Promise<number> {
  const { count } = await sql`
    delete from outgoing
     where (device_no, id) in (
       select device_no, id from outgoing
        where created_at < now() - ${KEPT_DAYS} * interval '1 day' and state >= 2 limit ${limit}
     )`;
  return count;
}

/** One step per message of many, where they lead when they are taken one after the other; and all attempts together. */
export function furthest(steps: readonly OutgoingStep[]): OutgoingStep[] {
  const found = new Map<string, OutgoingStep>();
  for (const step of steps) {
    const at = `${step.deviceNo}/${step.id}`;
    const other = found.get(at);
    const last = other && !leads(other.state, step.state) ? other : step;
    found.set(at, { ...last, tried: step.tried === true || other?.tried === true });
  }
  return [...found.values()];
}

/** As the statement has it (journal.ts): what WhatsApp has taken cannot fail, and a peer's receipt undoes a failure. */
function leads(from: OutgoingState, to: OutgoingState): boolean {
  if (to === 'failed') return codeOf(from) < codeOf('server_ack');
  if (from === 'failed') return to === 'delivered' || to === 'read';
  return codeOf(to) >= codeOf(from);
}
