// Messages as they come, and what becomes of them.
import { ARRAY } from '../arrays.ts';
import type { Sql } from '../database.ts';
import { type Held, held } from './held.ts';
import type { Of } from './people.ts';
import type { AnswerRow, MessageChange, MessageRow, ReactionRow } from './rows.ts';

/** In the chat of that number. */
export type In<T> = Of<Omit<T, 'chat'>> & { readonly chatNo: number };

/** Integers of any number per row; an array of arrays has one length for all. */
const written = (grams: readonly number[] | undefined) => (grams?.length ? `{${grams.join()}}` : null);

/**
 * Writes messages that are not there yet, none twice in `rows`; of one that is there, what was missing. Then the chats
 * know their newest message and how many are unread. Of a device that keeps none only the chats change. Resolves with the
 * devices of which a chat is not there (any more).
 */
export async function putMessages(
  sql: Sql,
  by: Held,
  rows: readonly (In<MessageRow> & { readonly keep: boolean })[],
): Promise<Set<number>> {
  const int = (values: number[]) => sql.array(values, ARRAY.int);
  const text = (values: (string | null)[]) => sql.array(values, ARRAY.text);
  const bytea = (values: (Buffer | null)[]) => sql.array(values, ARRAY.bytea);
  const boolean = (values: boolean[]) => sql.array(values, ARRAY.boolean);
  const lost = await sql<{ deviceNo: number }[]>`
    with fence as materialized (${held(sql, by)}
    ), r as materialized (
      select r.*
        from unnest(
               ${int(rows.map(row => row.deviceNo))},
               ${sql.array(
                 rows.map(row => row.chatNo),
                 ARRAY.bigint,
               )},
               ${text(rows.map(row => row.id))}, ${text(rows.map(row => row.sender))},
               ${boolean(rows.map(row => row.fromMe))},
               ${sql.array(
                 rows.map(row => row.at),
                 ARRAY.timestamptz,
               )},
               ${text(rows.map(row => row.kind))},
               ${bytea(rows.map(row => row.content?.said ?? null))},
               ${bytea(rows.map(row => row.content?.message ?? null))},
               ${text(rows.map(row => written(row.content?.grams)))},
               ${sql.array(
                 rows.map(row => row.status),
                 ARRAY.smallint,
               )},
               ${boolean(rows.map(row => row.starred))}, ${boolean(rows.map(row => row.live))},
               ${boolean(rows.map(row => row.keep))}
             ) with ordinality
               as r (device_no, chat_no, id, sender, from_me, at, kind, said, message, grams, status, starred, live, keep,
                     place)
        join fence on fence.no = r.device_no
    ), stored as (
      insert into chat_message as m
             (device_no, chat_no, id, sender, from_me, at, kind, said, message, grams, status, starred, revoked_at)
      select r.device_no, r.chat_no, r.id, r.sender, r.from_me, r.at, r.kind, r.said, r.message, r.grams::int[],
             r.status, r.starred, case when r.said is null then r.at end
        from r
        join chat c on c.device_no = r.device_no and c.no = r.chat_no
       where r.keep
       -- History comes with the newest first.
       order by case when r.live then r.place else -r.place end
      on conflict (device_no, chat_no, id, sender, from_me) do update
         set said = excluded.said, message = excluded.message, grams = excluded.grams, kind = excluded.kind
       where m.said is null and m.revoked_at is null and excluded.said is not null
      returning device_no, chat_no, id, sender, from_me, xmax = 0 as fresh
    ), news as (
      select r.device_no, r.chat_no, max(r.place) as place,
             count(*) filter (where r.live and not r.from_me and s.fresh) as unread
        from r
        left join stored s on s.device_no = r.device_no and s.chat_no = r.chat_no and s.id = r.id
                          and s.sender = r.sender and s.from_me = r.from_me
       group by r.device_no, r.chat_no
    ), newest as (
      select distinct on (device_no, chat_no) device_no, chat_no, id, sender, from_me, at
        from r order by device_no, chat_no, at desc, place desc
    ), told as (
      update chat c
         set last_at = case when n.at >= coalesce(c.last_at, '-infinity') then n.at else c.last_at end,
             last_id = case when n.at >= coalesce(c.last_at, '-infinity') then n.id else c.last_id end,
             last_sender = case when n.at >= coalesce(c.last_at, '-infinity') then n.sender else c.last_sender end,
             last_from_me = case when n.at >= coalesce(c.last_at, '-infinity') then n.from_me else c.last_from_me end,
             unread = case when w.unread > 0 then greatest(c.unread, 0) + w.unread else c.unread end,
             updated_at = now()
        from newest n
        join news w on w.device_no = n.device_no and w.chat_no = n.chat_no
       where c.device_no = n.device_no and c.no = n.chat_no
    )
    select distinct r.device_no as "deviceNo"
      from r
     where not exists (select from chat c where c.device_no = r.device_no and c.no = r.chat_no)`;
  return new Set(lost.map(({ deviceNo }) => deviceNo));
}

/**
 * What became of messages, at most one change of each in `rows`. Only its author edits a message, and takes away what it
 * said by revoking it; when an administrator of a group revokes it, it is marked and stays, because nobody here can tell
 * whether it was one.
 */
export async function changeMessages(sql: Sql, by: Held, rows: readonly In<MessageChange>[]): Promise<void> {
  const text = (values: (string | null)[]) => sql.array(values, ARRAY.text);
  const bytea = (values: (Buffer | null)[]) => sql.array(values, ARRAY.bytea);
  const boolean = (values: (boolean | null)[]) => sql.array(values, ARRAY.boolean);
  const times = (values: (Date | null)[]) => sql.array(values, ARRAY.timestamptz);
  await sql`
    with fence as materialized (${held(sql, by)}
    ), w as materialized (
      select w.*
        from unnest(
               ${sql.array(
                 rows.map(row => row.deviceNo),
                 ARRAY.int,
               )},
               ${sql.array(
                 rows.map(row => row.chatNo),
                 ARRAY.bigint,
               )},
               ${text(rows.map(row => row.id))}, ${text(rows.map(row => row.sender ?? null))},
               ${boolean(rows.map(row => row.fromMe ?? null))}, ${boolean(rows.map(row => row.group === true))},
               ${times(rows.map(row => row.edited?.at ?? null))}, ${bytea(rows.map(row => row.edited?.said ?? null))},
               ${bytea(rows.map(row => row.edited?.message ?? null))},
               ${text(rows.map(row => written(row.edited?.grams)))},
               ${times(rows.map(row => row.revokedAt ?? null))}, ${boolean(rows.map(row => row.starred ?? null))},
               ${sql.array(
                 rows.map(row => row.status ?? 0),
                 ARRAY.smallint,
               )},
               ${boolean(rows.map(row => row.gone === true))}, ${boolean(rows.map(row => row.pin !== undefined))},
               ${times(rows.map(row => row.pin?.at ?? null))}, ${times(rows.map(row => row.pin?.until ?? null))},
               ${boolean(rows.map(row => row.kept ?? null))}
             ) as w (device_no, chat_no, id, sender, from_me, in_group, edited_at, said, message, grams, revoked_at,
                     starred, status, gone, pin, pinned_at, pinned_until, kept)
        join fence on fence.no = w.device_no
    ), found as materialized (
      select w.*, m.sender as author, m.from_me as mine,
             coalesce(w.sender, m.sender) = m.sender and coalesce(w.from_me, m.from_me) = m.from_me as own,
             w.edited_at is not null and m.revoked_at is null and w.revoked_at is null
               and coalesce(date_trunc('second', m.edited_at), '-infinity') <= w.edited_at as newer
        from w
        join chat_message m on m.device_no = w.device_no and m.chat_no = w.chat_no and m.id = w.id
    ), removed as (
      delete from chat_message m using found f
       where f.gone and f.own and m.device_no = f.device_no and m.chat_no = f.chat_no and m.id = f.id
         and m.sender = f.author and m.from_me = f.mine
    )
    update chat_message m
       set said = case when f.revoked_at is not null and f.own then null when f.newer then f.said else m.said end,
           message = case when f.revoked_at is not null and f.own then null when f.newer then f.message else m.message end,
           grams = case when f.revoked_at is not null and f.own then null when f.newer then f.grams::int[] else m.grams end,
           edited_at = case when f.newer then f.edited_at else m.edited_at end,
           revoked_at = coalesce(m.revoked_at, f.revoked_at),
           starred = coalesce(f.starred, m.starred),
           pinned_at = case when f.pin then f.pinned_at else m.pinned_at end,
           pinned_until = case when f.pin then f.pinned_until else m.pinned_until end,
           kept = coalesce(f.kept, m.kept),
           status = greatest(m.status, f.status), updated_at = now()
      from found f
     where not f.gone and (f.own or f.in_group and f.revoked_at is not null)
       and m.device_no = f.device_no and m.chat_no = f.chat_no and m.id = f.id
       and m.sender = f.author and m.from_me = f.mine`;
}

/**
 * Where the last words of people are, and the column that has them. Some have a time in milliseconds, others that of their
 * message in seconds: within a second what comes later counts.
 */
const REACTIONS = { table: 'chat_reaction', column: 'emoji' } as const;
const ANSWERS = { table: 'chat_answer', column: 'answer' } as const;

/** The last reaction of each person to each message, at most one of a person to a message in `rows`. */
export async function putReactions(sql: Sql, by: Held, rows: readonly In<ReactionRow>[]): Promise<void> {
  const said = rows.map(({ emoji, ...row }) => ({ ...row, said: emoji }));
  await putLastWords(sql, by, said, REACTIONS);
}

/** The last answer of each person to each message, at most one of a person to a message in `rows`. */
export async function putAnswers(sql: Sql, by: Held, rows: readonly In<AnswerRow>[]): Promise<void> {
  const said = rows.map(({ answer, ...row }) => ({ ...row, said: answer }));
  await putLastWords(sql, by, said, ANSWERS);
}

async function putLastWords(
  sql: Sql,
  by: Held,
  rows: readonly (Omit<In<AnswerRow>, 'answer'> & { readonly said: Buffer | null })[],
  { table, column }: typeof REACTIONS | typeof ANSWERS,
): Promise<void> {
  const text = (values: string[]) => sql.array(values, ARRAY.text);
  const said = sql(column);
  await sql`
    with fence as materialized (${held(sql, by)}
    ), w as materialized (
      select w.*
        from unnest(
               ${sql.array(
                 rows.map(row => row.deviceNo),
                 ARRAY.int,
               )},
               ${sql.array(
                 rows.map(row => row.chatNo),
                 ARRAY.bigint,
               )},
               ${text(rows.map(row => row.messageId))}, ${text(rows.map(row => row.sender))},
               ${sql.array(
                 rows.map(row => row.fromMe),
                 ARRAY.boolean,
               )},
               ${sql.array(
                 rows.map(row => row.said),
                 ARRAY.bytea,
               )},
               ${sql.array(
                 rows.map(row => row.at),
                 ARRAY.timestamptz,
               )}
             ) as w (device_no, chat_no, message_id, sender, from_me, said, at)
        join fence on fence.no = w.device_no
        join chat c on c.device_no = w.device_no and c.no = w.chat_no
    ), taken as (
      delete from ${sql(table)} r using w
       where w.said is null and r.device_no = w.device_no and r.chat_no = w.chat_no and r.message_id = w.message_id
         and r.sender = w.sender and r.from_me = w.from_me and date_trunc('second', r.at) <= w.at
    )
    insert into ${sql(table)} as r (device_no, chat_no, message_id, sender, from_me, ${said}, at)
    select device_no, chat_no, message_id, sender, from_me, said, at from w where said is not null
    on conflict (device_no, chat_no, message_id, sender, from_me) do update
       set ${said} = excluded.${said}, at = excluded.at
     where date_trunc('second', r.at) <= excluded.at`;
}
