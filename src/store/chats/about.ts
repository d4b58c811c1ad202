// What is known of chats beside their messages, and what people are called.
import { ARRAY } from '../arrays.ts';
import type { Sql } from '../database.ts';
import { type Held, held } from './held.ts';
import type { In } from './messages.ts';
import type { Of } from './people.ts';
import type { ChatEnd, ChatPatch, ContactRow } from './rows.ts';

/** 'infinity' stands for "does not change" where null is a value. */
const timeOrStay = (time: Date | null | undefined) => (time === undefined ? 'infinity' : time);

/** At most one patch of each chat in `rows`. */
export async function patchChats(sql: Sql, by: Held, rows: readonly In<ChatPatch>[]): Promise<void> {
  const int = (values: (number | null)[]) => sql.array(values, ARRAY.int);
  const times = (values: (Date | string | null)[]) => sql.array(values, ARRAY.timestamptz);
  await sql`
    with fence as materialized (${held(sql, by)}
    ), w as materialized (
      select w.*
        from unnest(
               ${int(rows.map(row => row.deviceNo))},
               ${sql.array(
                 rows.map(row => row.chatNo),
                 ARRAY.bigint,
               )},
               ${sql.array(
                 rows.map(row => row.name ?? null),
                 ARRAY.bytea,
               )},
               ${times(rows.map(row => row.lastAt ?? null))}, ${int(rows.map(row => row.unread ?? null))},
               ${sql.array(
                 rows.map(row => row.readUpTo ?? null),
                 ARRAY.text,
               )},
               ${sql.array(
                 rows.map(row => row.archived ?? null),
                 ARRAY.boolean,
               )},
               ${times(rows.map(row => timeOrStay(row.pinnedAt)))}, ${times(rows.map(row => timeOrStay(row.mutedUntil)))},
               ${int(rows.map(row => row.ephemeral ?? null))}
             ) as w (device_no, chat_no, name, last_at, unread, read_up_to, archived, pinned_at, muted_until, ephemeral)
        join fence on fence.no = w.device_no
    )
    update chat c
       set name = coalesce(w.name, c.name),
           last_at = greatest(c.last_at, w.last_at),
           unread = case
             when w.unread is not null then w.unread
             when w.read_up_to is null then c.unread
             else least(greatest(c.unread, 0), (
               select count(*) from chat_message m
                where m.device_no = c.device_no and m.chat_no = c.no and not m.from_me
                  and (m.at, m.no) > (
                    select k.at, k.no from chat_message k
                     where k.device_no = c.device_no and k.chat_no = c.no and k.id = w.read_up_to
                     order by k.at desc, k.no desc limit 1)))
           end,
           archived = coalesce(w.archived, c.archived),
           pinned_at = case when w.pinned_at = 'infinity' then c.pinned_at else w.pinned_at end,
           muted_until = case when w.muted_until = 'infinity' then c.muted_until else w.muted_until end,
           ephemeral = coalesce(w.ephemeral, c.ephemeral), updated_at = now()
      from w
     where c.device_no = w.device_no and c.no = w.chat_no`;
}

/** At most one of each JID of a device in `rows`. */
export async function putContacts(sql: Sql, by: Held, rows: readonly Of<ContactRow>[]): Promise<void> {
  const bytea = (values: (Buffer | null)[]) => sql.array(values, ARRAY.bytea);
  await sql`
    with fence as materialized (${held(sql, by)}
    )
    insert into contact as c (device_no, jid, lid, name, push_name, business_name)
    select w.*
      from unnest(
             ${sql.array(
               rows.map(row => row.deviceNo),
               ARRAY.int,
             )},
             ${sql.array(
               rows.map(row => row.jid),
               ARRAY.text,
             )},
             ${sql.array(
               rows.map(row => row.lid ?? null),
               ARRAY.text,
             )},
             ${bytea(rows.map(row => row.name ?? null))}, ${bytea(rows.map(row => row.pushName ?? null))},
             ${bytea(rows.map(row => row.businessName ?? null))}
           ) as w (device_no, jid, lid, name, push_name, business_name)
      join fence on fence.no = w.device_no
    on conflict (device_no, jid) do update
       set lid = coalesce(excluded.lid, c.lid), name = coalesce(excluded.name, c.name),
           push_name = coalesce(excluded.push_name, c.push_name),
           business_name = coalesce(excluded.business_name, c.business_name), updated_at = now()`;
}

/** The account has removed chats, with all that was said in them; or, with `keep`, only what was said. */
export async function endChats(sql: Sql, by: Held, rows: readonly In<ChatEnd>[]): Promise<void> {
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
               ${sql.array(
                 rows.map(row => row.keep),
                 ARRAY.boolean,
               )}
             ) as w (device_no, chat_no, keep)
        join fence on fence.no = w.device_no
    ), emptied as (
      delete from chat_message m using w where w.keep and m.device_no = w.device_no and m.chat_no = w.chat_no
    ), unmoved as (
      delete from chat_reaction r using w where w.keep and r.device_no = w.device_no and r.chat_no = w.chat_no
    ), unanswered as (
      delete from chat_answer a using w where w.keep and a.device_no = w.device_no and a.chat_no = w.chat_no
    ), quiet as (
      update chat c set unread = 0, updated_at = now()
        from w where w.keep and c.device_no = w.device_no and c.no = w.chat_no
    )
    delete from chat c using w where not w.keep and c.device_no = w.device_no and c.no = w.chat_no`;
}
