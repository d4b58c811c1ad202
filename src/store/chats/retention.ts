import type { Sql } from '../database.ts';

/**
 * Forgets messages that are older than their device, or else `days`, says; at most `limit`. Resolves with how many. Each
 * chat is asked for its oldest ones, by the index that lists it; chats themselves stay, with their newest message's key.
 */
export async function forgetMessages(sql: Sql, days: number | undefined, limit: number): Promise<number> {
  const { count } = await sql`
    with old as (
      select m.device_no, m.chat_no, m.id, m.sender, m.from_me
        from device d
        join chat c on c.device_no = d.no
       cross join lateral (
         select * from chat_message m
          where m.device_no = c.device_no and m.chat_no = c.no
            and m.at < now() - coalesce(d.chat_retention_days, ${days ?? null}::integer) * interval '1 day'
          order by m.at
          limit ${limit}
       ) m
       where coalesce(d.chat_retention_days, ${days ?? null}::integer) is not null
       limit ${limit}
    ), unmoved as (
      delete from chat_reaction r using old
       where r.device_no = old.device_no and r.chat_no = old.chat_no and r.message_id = old.id
    ), unanswered as (
      delete from chat_answer a using old
       where a.device_no = old.device_no and a.chat_no = old.chat_no and a.message_id = old.id
    )
    delete from chat_message m using old
     where m.device_no = old.device_no and m.chat_no = old.chat_no and m.id = old.id
       and m.sender = old.sender and m.from_me = old.from_me`;
  return count;
}
