// What a run left behind on all sides, gathered for the judge: the simulator's ledger, the database, the receiver's log.
// Plain values, so that it can be kept in a file and looked at later.
import { createHash } from 'node:crypto';
import type { ControlClient, PhoneMessage } from '../../../src/simulator/control/client.ts';
import type { Answer } from '../../../src/simulator/control/operations.ts';
import type { Sql } from '../../../src/store/database.ts';
import type { Received } from '../receiver.ts';

export type LedgerMessage = Answer<'ledgerMessages'>['messages'][number];
export type Violation = Answer<'ledgerViolations'>['violations'][number];

/** A device of ours: its id with us, and who it is at WhatsApp. */
export interface OurDevice {
  readonly id: string;
  readonly jid: string;
  readonly lastSeq: number;
}

export interface JournalEvent {
  readonly device: string;
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  /** As it was posted, for it is sealed in the database; empty when it never was. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/** One POST that reached the receiver; `status` is what it was answered, undefined when it was not. */
export interface Delivery {
  readonly device: string;
  readonly seq: number;
  readonly id: string;
  readonly at: number;
  readonly status: number | undefined;
  /** Of the body. */
  readonly hash: string;
}

/** A login or the end of a connection, as the simulator saw it. */
export interface SocketEvent {
  readonly kind: 'login' | 'close';
  readonly jid: string;
  readonly at: number;
  readonly close?: string;
}

/** One run of the product. `wanted` is how it was to end: by a signal that we sent, or in order with 0. */
export interface ProcessRun {
  readonly pid: number;
  readonly ended: number | string;
  readonly wanted: number | string;
  readonly complaints: readonly string[];
  readonly endedAt: number;
}

/** A text that the product was asked to send, and what it answered; `status` is undefined when the answer was lost. */
export interface Asked {
  readonly device: string;
  readonly to: string;
  readonly text: string;
  readonly at: number;
  readonly status: number | undefined;
  readonly code?: string;
  readonly messageId?: string;
  /** It said that the message is queued: it must arrive. */
  readonly queued?: true;
}

/** What the answer to a send says of it. */
export function answeredAs({
  status,
  body,
}: {
  readonly status: number;
  readonly body: { readonly code: string; readonly results?: { message_id?: string; status?: string } };
}): Pick<Asked, 'status' | 'code' | 'messageId' | 'queued'> {
  const { message_id: messageId, status: state } = body.results ?? {};
  return {
    status,
    code: body.code,
    ...(messageId !== undefined && { messageId }),
    ...(state === 'queued' && { queued: true }),
  };
}

/** What is known by whoever drove the run, beside what can be asked for afterwards. */
export interface Driven {
  readonly asked: readonly Asked[];
  readonly sockets: readonly SocketEvent[];
  readonly processes: readonly ProcessRun[];
  /** Times (ms since 1970) of what takes connections down without a word: kills, cuts. */
  readonly blows: readonly number[];
  /** Groups by JID: the numbers of their members. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

export interface Evidence extends Driven {
  readonly devices: readonly OurDevice[];
  readonly people: Answer<'phones'>;
  readonly messages: readonly LedgerMessage[];
  readonly violations: readonly Violation[];
  readonly pending: Answer<'ledgerViolations'>['pending'];
  readonly totals: Answer<'ledger'>;
  /** What each phone shows, by number. */
  readonly shown: Readonly<Record<string, readonly PhoneMessage[]>>;
  readonly journal: readonly JournalEvent[];
  readonly deliveries: readonly Delivery[];
}

const PAGE = 1_000;
const SHOWN_AT_MOST = 10_000;

export async function gather(
  control: ControlClient,
  sql: Sql,
  requests: readonly Received[],
  driven: Driven,
): Promise<Evidence> {
  const devices = await sql<OurDevice[]>`
    select id, coalesce(jid, '') as jid, last_seq as "lastSeq" from device order by no`;
  const rows = await sql<Omit<JournalEvent, 'payload'>[]>`
    select d.id as device, j.seq, j.id, j.event
      from journal j join device d on d.no = j.device_no order by j.device_no, j.seq`;
  const payloads = new Map(requests.map(({ json }) => [`${json.session_id} ${json.id}`, json.payload]));
  const { violations, pending } = await control.violations();
  const people = await control.call('phones');
  const shown: Record<string, readonly PhoneMessage[]> = {};
  for (const { phone } of people) shown[phone] = await control.messages(phone, { limit: SHOWN_AT_MOST });
  return {
    ...driven,
    devices: [...devices],
    people,
    messages: await ledgerMessages(control),
    violations,
    pending,
    totals: await control.ledger(),
    shown,
    journal: rows.map(row => ({ ...row, payload: payloads.get(`${row.device} ${row.id}`) ?? {} })),
    deliveries: requests.map(({ json, body, at, status }) => ({
      device: json.session_id,
      seq: json.seq,
      id: json.id,
      at,
      status,
      hash: createHash('sha256').update(body).digest('base64'),
    })),
  };
}

async function ledgerMessages(control: ControlClient): Promise<LedgerMessage[]> {
  const all: LedgerMessage[] = [];
  for (let after: number | null = 0; after !== null; ) {
    const page: Answer<'ledgerMessages'> = await control.call('ledgerMessages', {
      query: { after, limit: PAGE },
    });
    all.push(...page.messages);
    after = page.next;
  }
  return all;
}
