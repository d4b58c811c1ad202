// Single messages, for the device itself: to quote, forward, change or download them.
import { arrays } from '../arrays.ts';
import type { Sql } from '../database.ts';

/** A message as it lies in its row; what is null was revoked, or is not kept. */
export interface SaidRow {
  readonly chat: string;
  readonly id: string;
  readonly sender: string;
  readonly fromMe: boolean;
  readonly at: Date;
  readonly said: Buffer | null;
  readonly message: Buffer | null;
  readonly status: number;
}

const columns = (sql: Sql) => sql`
  c.jid as chat, m.id, m.sender, m.from_me as "fromMe", m.at, m.said, m.message, m.status`;

/** The message of an id in the chat that one of the names leads to; of several the one that was not revoked. */
export async function readSaid(
  sql: Sql,
  deviceNo: number,
  names: readonly string[],
  id: string,
): Promise<SaidRow | undefined> {
  const { text } = arrays(sql);
  const [row] = await sql<SaidRow[]>`
    select ${columns(sql)}
      from chat_address a
      join chat c on c.device_no = a.device_no and c.no = a.chat_no
      join chat_message m on m.device_no = a.device_no and m.chat_no = a.chat_no and m.id = ${id}
     where a.device_no = ${deviceNo} and a.jid = any(${text(names)})
     order by m.message is null, m.at
     limit 1`;
  return row;
}

/** The message of an id in whichever chat it is; the newest that was not revoked. */
export async function readAnywhere(sql: Sql, deviceNo: number, id: string): Promise<SaidRow | undefined> {
  const [row] = await sql<SaidRow[]>`
    select ${columns(sql)}
      from chat_message m
      join chat c on c.device_no = m.device_no and c.no = m.chat_no
     where m.device_no = ${deviceNo} and m.id = ${id}
     order by m.message is null, m.at desc
     limit 1`;
  return row;
}

/** The JIDs of those who have been saved under a name. */
export async function readAddressBook(sql: Sql, deviceNo: number): Promise<string[]> {
  const rows = await sql<{ jid: string }[]>`
    select jid from contact where device_no = ${deviceNo} and name is not null order by jid`;
  return rows.map(({ jid }) => jid);
}

/** The newest message of a chat; of one that is not kept no more than its key. */
export async function readLast(
  sql: Sql,
  deviceNo: number,
  names: readonly string[],
): Promise<SaidRow | undefined> {
  const { text } = arrays(sql);
  const [row] = await sql<SaidRow[]>`
    select c.jid as chat, c.last_id as id, c.last_sender as sender, c.last_from_me as "fromMe", c.last_at as at,
           m.said, m.message, coalesce(m.status, 0::smallint) as status
      from chat_address a
      join chat c on c.device_no = a.device_no and c.no = a.chat_no
      left join chat_message m on m.device_no = c.device_no and m.chat_no = c.no and m.id = c.last_id
                              and m.sender = c.last_sender and m.from_me = c.last_from_me
     where a.device_no = ${deviceNo} and a.jid = any(${text(names)}) and c.last_id is not null
     limit 1`;
  return row;
}

/** The oldest message of a chat, whose older ones the phone may be asked for. */
export async function readOldest(
  sql: Sql,
  deviceNo: number,
  names: readonly string[],
): Promise<SaidRow | undefined> {
  const { text } = arrays(sql);
  const [row] = await sql<SaidRow[]>`
    select ${columns(sql)}
      from chat_address a
      join chat c on c.device_no = a.device_no and c.no = a.chat_no
      join chat_message m on m.device_no = a.device_no and m.chat_no = a.chat_no
     where a.device_no = ${deviceNo} and a.jid = any(${text(names)})
     order by m.at, m.no
     limit 1`;
  return row;
}
