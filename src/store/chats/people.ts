// Which addresses are one person's, and which chat they lead to.
import { ARRAY } from '../arrays.ts';
import type { Sql } from '../database.ts';
import { type Held, held } from './held.ts';
import type { ChatName, Pair } from './rows.ts';

/** Something of a device, on its way into a statement of several. */
export type Of<T> = T & { readonly deviceNo: number };

/**
 * The number and the LID are one person's from now on: their two chats become one, with each message once, under the
 * number; what a sender or a contact was called by the LID is called by the number. What is so already stays.
 */
export async function joinPeople(sql: Sql, by: Held, pairs: readonly Of<Pair>[]): Promise<void> {
  await sql`
    with fence as materialized (${held(sql, by)}
    ), pair as materialized (
      select distinct p.*
        from unnest(
               ${sql.array(
                 pairs.map(({ deviceNo }) => deviceNo),
                 ARRAY.int,
               )},
               ${sql.array(
                 pairs.map(({ pn }) => pn),
                 ARRAY.text,
               )},
               ${sql.array(
                 pairs.map(({ lid }) => lid),
                 ARRAY.text,
               )}
             ) as p (device_no, pn, lid)
        join fence on fence.no = p.device_no
    ), known as materialized (
      select p.*, a.chat_no as by_pn, b.chat_no as by_lid
        from pair p
        left join chat_address a on a.device_no = p.device_no and a.jid = p.pn
        left join chat_address b on b.device_no = p.device_no and b.jid = p.lid
       where a.chat_no is distinct from b.chat_no
    ), named as (
      insert into chat_address (device_no, jid, chat_no)
      select device_no, case when by_pn is null then pn else lid end, coalesce(by_pn, by_lid)
        from known where by_pn is null or by_lid is null
      on conflict (device_no, jid) do nothing
    ), retitled as (
      update chat c set jid = k.pn
        from known k where k.by_pn is null and c.device_no = k.device_no and c.no = k.by_lid
    ), two as materialized (
      select device_no, by_pn as keep, by_lid as gone from known where by_pn is not null and by_lid is not null
    ), moved as (
      update chat_message m set chat_no = t.keep
        from two t
       where m.device_no = t.device_no and m.chat_no = t.gone
         and not exists (
           select from chat_message k
            where k.device_no = t.device_no and k.chat_no = t.keep
              and k.id = m.id and k.sender = m.sender and k.from_me = m.from_me)
    ), reacted as (
      update chat_reaction r set chat_no = t.keep
        from two t
       where r.device_no = t.device_no and r.chat_no = t.gone
         and not exists (
           select from chat_reaction k
            where k.device_no = t.device_no and k.chat_no = t.keep
              and k.message_id = r.message_id and k.sender = r.sender and k.from_me = r.from_me)
    ), answered as (
      update chat_answer r set chat_no = t.keep
        from two t
       where r.device_no = t.device_no and r.chat_no = t.gone
         and not exists (
           select from chat_answer k
            where k.device_no = t.device_no and k.chat_no = t.keep
              and k.message_id = r.message_id and k.sender = r.sender and k.from_me = r.from_me)
    ), readdressed as (
      update chat_address a set chat_no = t.keep
        from two t where a.device_no = t.device_no and a.chat_no = t.gone
    ), joined as (
      update chat c
         set last_id = case when g.last_at > coalesce(c.last_at, '-infinity') then g.last_id else c.last_id end,
             last_sender = case when g.last_at > coalesce(c.last_at, '-infinity') then g.last_sender else c.last_sender end,
             last_from_me = case when g.last_at > coalesce(c.last_at, '-infinity') then g.last_from_me else c.last_from_me end,
             last_at = greatest(c.last_at, g.last_at),
             unread = greatest(c.unread, 0) + greatest(g.unread, 0),
             archived = c.archived and g.archived,
             pinned_at = greatest(c.pinned_at, g.pinned_at), muted_until = greatest(c.muted_until, g.muted_until),
             ephemeral = greatest(c.ephemeral, g.ephemeral),
             created_at = least(c.created_at, g.created_at), updated_at = now()
        from two t
        join chat g on g.device_no = t.device_no and g.no = t.gone
       where c.device_no = t.device_no and c.no = t.keep
    ), ended as (
      delete from chat c using two t where c.device_no = t.device_no and c.no = t.gone
    ), twice as (
      delete from chat_message m using pair p
       where m.device_no = p.device_no and m.sender = p.lid and m.sender like '%@lid'
         and exists (
           select from chat_message k
            where k.device_no = m.device_no and k.chat_no = m.chat_no
              and k.id = m.id and k.sender = p.pn and k.from_me = m.from_me)
    ), resent as (
      update chat_message m set sender = p.pn
        from pair p
       where m.device_no = p.device_no and m.sender = p.lid and m.sender like '%@lid'
         and not exists (
           select from chat_message k
            where k.device_no = m.device_no and k.chat_no = m.chat_no
              and k.id = m.id and k.sender = p.pn and k.from_me = m.from_me)
    ), reacted_twice as (
      ${saidTwice(sql, 'chat_reaction')}
    ), rereacted as (
      ${saidByNumber(sql, 'chat_reaction')}
    ), answered_twice as (
      ${saidTwice(sql, 'chat_answer')}
    ), reanswered as (
      ${saidByNumber(sql, 'chat_answer')}
    ), former as (
      delete from contact c using pair p where c.device_no = p.device_no and c.jid = p.lid
      returning c.device_no, p.pn, p.lid, c.name, c.push_name, c.business_name
    ), folded as (
      insert into contact as c (device_no, jid, lid, name, push_name, business_name)
      select device_no, pn, lid, name, push_name, business_name from former
      on conflict (device_no, jid) do update
         set lid = excluded.lid, name = coalesce(c.name, excluded.name),
             push_name = coalesce(c.push_name, excluded.push_name),
             business_name = coalesce(c.business_name, excluded.business_name), updated_at = now()
    )
    update contact c set lid = p.lid
      from pair p
     where c.device_no = p.device_no and c.jid = p.pn and c.lid is distinct from p.lid
       and not exists (select from contact o where o.device_no = p.device_no and o.jid = p.lid)`;
}

type LastWords = 'chat_reaction' | 'chat_answer';

/** Whether there is a last word of the same person under the number. */
const byNumberToo = (sql: Sql, table: LastWords) => sql`
         exists (
           select from ${sql(table)} k
            where k.device_no = r.device_no and k.chat_no = r.chat_no
              and k.message_id = r.message_id and k.sender = p.pn and k.from_me = r.from_me)`;

const saidTwice = (sql: Sql, table: LastWords) => sql`
      delete from ${sql(table)} r using pair p
       where r.device_no = p.device_no and r.sender = p.lid and r.sender like '%@lid' and ${byNumberToo(sql, table)}`;

const saidByNumber = (sql: Sql, table: LastWords) => sql`
      update ${sql(table)} r set sender = p.pn
        from pair p
       where r.device_no = p.device_no and r.sender = p.lid and r.sender like '%@lid' and not ${byNumberToo(sql, table)}`;

/** The numbers of these chats; one that nobody knows is made. Both names of a person lead to the chat. */
export async function chatsNamed(
  sql: Sql,
  by: Held,
  names: readonly Of<ChatName>[],
): Promise<Of<{ readonly jid: string; readonly chatNo: number }>[]> {
  return await sql<Of<{ jid: string; chatNo: number }>[]>`
    with fence as materialized (${held(sql, by)}
    ), wanted as materialized (
      select distinct on (w.device_no, w.jid) w.*
        from unnest(
               ${sql.array(
                 names.map(({ deviceNo }) => deviceNo),
                 ARRAY.int,
               )},
               ${sql.array(
                 names.map(({ jid }) => jid),
                 ARRAY.text,
               )},
               ${sql.array(
                 names.map(({ also }) => also ?? null),
                 ARRAY.text,
               )}
             ) as w (device_no, jid, also)
        join fence on fence.no = w.device_no
       order by w.device_no, w.jid, w.also nulls last
    ), known as materialized (
      select w.device_no, w.jid, min(a.chat_no) as chat_no
        from wanted w
        join chat_address a on a.device_no = w.device_no and a.jid in (w.jid, w.also)
       group by w.device_no, w.jid
    ), made as (
      insert into chat (device_no, jid)
      select w.device_no, w.jid
        from wanted w
       where not exists (select from known k where k.device_no = w.device_no and k.jid = w.jid)
      returning device_no, no, jid
    ), named as (
      insert into chat_address (device_no, jid, chat_no)
      select m.device_no, n.jid, m.no
        from made m
        join wanted w on w.device_no = m.device_no and w.jid = m.jid
       cross join lateral (values (w.jid), (w.also)) as n (jid)
       where n.jid is not null
      on conflict (device_no, jid) do nothing
    )
    select device_no as "deviceNo", jid, chat_no as "chatNo" from known
    union all
    select device_no, jid, no from made`;
}
