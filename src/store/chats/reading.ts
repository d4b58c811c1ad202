// Chats and messages as they lie in their rows, by page. Opened by library.ts.
import { ARRAY } from '../arrays.ts';
import type { Sql } from '../database.ts';

/** A chat; `name` is sealed, and a person's names are in the contact beside it. */
export interface ChatRow {
  readonly no: number;
  readonly jid: string;
  readonly lid: string | null;
  readonly name: Buffer | null;
  readonly lastAt: Date | null;
  readonly unread: number;
  readonly archived: boolean;
  readonly pinnedAt: Date | null;
  readonly mutedUntil: Date | null;
  readonly ephemeral: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface StoredMessage {
  readonly no: number;
  readonly chatNo: number;
  readonly chat: string;
  readonly id: string;
  readonly sender: string;
  readonly fromMe: boolean;
  readonly at: Date;
  readonly kind: string;
  readonly said: Buffer | null;
  readonly status: number;
  readonly starred: boolean;
  readonly editedAt: Date | null;
  readonly revokedAt: Date | null;
  /** Pinned for all in the chat, until then; for ever when that is null. */
  readonly pinnedAt: Date | null;
  readonly pinnedUntil: Date | null;
  readonly kept: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** The place of a row in an order of time: its time and its number. A page goes on from it. */
export interface Place {
  readonly at: Date;
  readonly no: number;
}

/** Which part: so many from the newest, or those older or newer than a place, always told from the newest. */
export interface Part {
  readonly limit: number;
  readonly offset?: number;
  readonly before?: Place | undefined;
  readonly after?: Place | undefined;
}

export interface ChatFilter {
  readonly archived?: boolean | undefined;
  readonly hasMedia?: boolean | undefined;
}

export interface MessageFilter {
  readonly chatNo?: number | undefined;
  readonly from?: Date | undefined;
  readonly until?: Date | undefined;
  readonly mediaOnly?: boolean | undefined;
  readonly fromMe?: boolean | undefined;
  /** All of these are in the index of the text. */
  readonly grams?: readonly number[] | undefined;
}

// As in the index of the table, which is used only where the words are the same.
const isMedia = (sql: Sql) => sql`m.kind in ('image', 'video', 'audio', 'document', 'sticker', 'video_note')`;

const chatColumns = (sql: Sql) => sql`
  c.no, c.jid, c.name, c.last_at as "lastAt", c.unread, c.archived, c.pinned_at as "pinnedAt",
  c.muted_until as "mutedUntil", c.ephemeral, c.created_at as "createdAt", c.updated_at as "updatedAt",
  (select a.jid from chat_address a
    where a.device_no = c.device_no and a.chat_no = c.no and a.jid like '%@lid' limit 1) as lid`;

const messageColumns = (sql: Sql) => sql`
  m.no, m.chat_no as "chatNo", c.jid as chat, m.id, m.sender, m.from_me as "fromMe", m.at, m.kind, m.said, m.status, m.starred,
  m.edited_at as "editedAt", m.revoked_at as "revokedAt", m.pinned_at as "pinnedAt",
  m.pinned_until as "pinnedUntil", m.kept, m.created_at as "createdAt", m.updated_at as "updatedAt"`;

/** The posts of people's statuses are no chat that anybody had. */
const chatsLike = (sql: Sql, deviceNo: number, { archived, hasMedia }: ChatFilter) => sql`
  c.device_no = ${deviceNo} and c.jid <> 'status@broadcast'
  ${archived === undefined ? sql`` : sql`and c.archived = ${archived}`}
  ${
    hasMedia
      ? sql`and exists (select from chat_message m where m.device_no = c.device_no and m.chat_no = c.no and ${isMedia(sql)})`
      : sql``
  }`;

const messagesLike = (
  sql: Sql,
  deviceNo: number,
  { chatNo, from, until, mediaOnly, fromMe, grams }: MessageFilter,
) => sql`
  m.device_no = ${deviceNo}
  ${chatNo === undefined ? sql`` : sql`and m.chat_no = ${chatNo}`}
  ${from === undefined ? sql`` : sql`and m.at >= ${from}`}
  ${until === undefined ? sql`` : sql`and m.at <= ${until}`}
  ${mediaOnly ? sql`and ${isMedia(sql)}` : sql``}
  ${fromMe === undefined ? sql`` : sql`and m.from_me = ${fromMe}`}
  ${grams?.length ? sql`and m.grams @> ${sql.array([...grams], ARRAY.int)}` : sql``}`;

/** Chats, the one with the newest message first. */
export async function readChats(
  sql: Sql,
  deviceNo: number,
  filter: ChatFilter,
  { limit, offset = 0, before, after }: Part,
): Promise<ChatRow[]> {
  const at = sql`coalesce(c.last_at, 'epoch')`;
  const rows = await sql<ChatRow[]>`
    select ${chatColumns(sql)}
      from chat c
     where ${chatsLike(sql, deviceNo, filter)}
       ${before ? sql`and (${at}, c.no) < (${before.at}, ${before.no}::bigint)` : sql``}
       ${after ? sql`and (${at}, c.no) > (${after.at}, ${after.no}::bigint)` : sql``}
     order by ${after ? sql`${at}, c.no` : sql`${at} desc, c.no desc`}
     limit ${limit} offset ${offset}`;
  return after ? rows.toReversed() : rows;
}

export async function countChats(sql: Sql, deviceNo: number, filter: ChatFilter): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from chat c where ${chatsLike(sql, deviceNo, filter)}`;
  return row.count;
}

/** The chat that a JID leads to. */
export async function readChat(sql: Sql, deviceNo: number, jid: string): Promise<ChatRow | undefined> {
  const [row] = await sql<ChatRow[]>`
    select ${chatColumns(sql)}
      from chat_address a
      join chat c on c.device_no = a.device_no and c.no = a.chat_no
     where a.device_no = ${deviceNo} and a.jid = ${jid}`;
  return row;
}

/** Messages, the newest first. */
export async function readMessages(
  sql: Sql,
  deviceNo: number,
  filter: MessageFilter,
  { limit, offset = 0, before, after }: Part,
): Promise<StoredMessage[]> {
  const rows = await sql<StoredMessage[]>`
    select ${messageColumns(sql)}
      from chat_message m
      join chat c on c.device_no = m.device_no and c.no = m.chat_no
     where ${messagesLike(sql, deviceNo, filter)}
       ${before ? sql`and (m.at, m.no) < (${before.at}, ${before.no}::bigint)` : sql``}
       ${after ? sql`and (m.at, m.no) > (${after.at}, ${after.no}::bigint)` : sql``}
     order by ${after ? sql`m.at, m.no` : sql`m.at desc, m.no desc`}
     limit ${limit} offset ${offset}`;
  return after ? rows.toReversed() : rows;
}

export async function countMessages(sql: Sql, deviceNo: number, filter: MessageFilter): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from chat_message m where ${messagesLike(sql, deviceNo, filter)}`;
  return row.count;
}

/** The last word of a person to a message, sealed. */
export interface StoredWord {
  readonly chatNo: number;
  readonly messageId: string;
  readonly sender: string;
  readonly fromMe: boolean;
  readonly said: Buffer;
  readonly at: Date;
}

type Named = readonly Pick<StoredMessage, 'chatNo' | 'id'>[];

/** The reactions to these messages. */
export const readReactions = (sql: Sql, deviceNo: number, messages: Named): Promise<StoredWord[]> =>
  readWords(sql, deviceNo, messages, sql`select emoji as said, * from chat_reaction`);

/** What people answered to these messages. */
export const readAnswers = (sql: Sql, deviceNo: number, messages: Named): Promise<StoredWord[]> =>
  readWords(sql, deviceNo, messages, sql`select answer as said, * from chat_answer`);

async function readWords(
  sql: Sql,
  deviceNo: number,
  messages: Named,
  words: ReturnType<Sql>,
): Promise<StoredWord[]> {
  if (messages.length === 0) return [];
  return await sql<StoredWord[]>`
    select r.chat_no as "chatNo", r.message_id as "messageId", r.sender, r.from_me as "fromMe", r.said, r.at
      from unnest(
             ${sql.array(
               messages.map(({ chatNo }) => chatNo),
               ARRAY.bigint,
             )},
             ${sql.array(
               messages.map(({ id }) => id),
               ARRAY.text,
             )}
           ) as w (chat_no, id)
      join (${words}) r on r.device_no = ${deviceNo} and r.chat_no = w.chat_no and r.message_id = w.id
     order by r.at`;
}

/** What people are called, sealed. */
export interface StoredContact {
  readonly jid: string;
  readonly lid: string | null;
  readonly name: Buffer | null;
  readonly pushName: Buffer | null;
  readonly businessName: Buffer | null;
}

const contactColumns = (sql: Sql) => sql`
  jid, lid, name, push_name as "pushName", business_name as "businessName"`;

/** Those of these people of whom a name is known, by either of their JIDs. */
export async function readNames(
  sql: Sql,
  deviceNo: number,
  jids: readonly string[],
): Promise<StoredContact[]> {
  if (jids.length === 0) return [];
  const wanted = sql.array([...new Set(jids)], ARRAY.text);
  return await sql<StoredContact[]>`
    select ${contactColumns(sql)} from contact where device_no = ${deviceNo} and jid = any(${wanted})
    union
    select ${contactColumns(sql)} from contact where device_no = ${deviceNo} and lid = any(${wanted})`;
}

/** Everybody of whom a name is known. */
export async function readContacts(sql: Sql, deviceNo: number): Promise<StoredContact[]> {
  return await sql<StoredContact[]>`
    select ${contactColumns(sql)} from contact where device_no = ${deviceNo} order by jid`;
}
