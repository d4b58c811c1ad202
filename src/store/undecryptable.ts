import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { Fenced, type Term } from './fence.ts';

/** Names a message: the chat and its sender as WhatsApp names them, without device parts. */
export interface UndecryptableName {
  readonly chat: string;
  readonly sender: string;
  readonly id: string;
}

/** A message that could not be decrypted so far. `message` is sealed; `told` once its event is in the journal. */
export interface UndecryptableRow extends UndecryptableName {
  readonly deviceNo: number;
  readonly message: Buffer;
  readonly reason: string;
  readonly firstAt: Date;
  readonly attempts: number;
  readonly askedAt: Date | null;
  readonly told: boolean;
  readonly state: 'waiting' | 'recovered' | 'lost';
}

/** What became of one: set where it is given. */
export interface UndecryptableChange extends UndecryptableName {
  readonly reason: string;
  readonly attempts: number;
  readonly askedAt: Date | null;
  readonly told: boolean;
  readonly state: UndecryptableRow['state'];
}

const row = (sql: Sql) => sql`
  u.device_no as "deviceNo", u.chat, u.sender, u.id, u.message, u.reason, u.first_at as "firstAt", u.attempts,
  u.asked_at as "askedAt", u.told, u.state`;

/** How long one is remembered after it was recovered or lost; WhatsApp keeps messages for as long. */
const KEPT = '14 days';

/**
 * Makes it durable that the message was not decrypted, and resolves with its row: a new one, or the one that is there
 * already. Fails with Fenced.
 */
export async function noteUndecryptable(
  sql: Sql,
  { no, owner, epoch }: Term,
  { chat, sender, id, message }: UndecryptableName & { readonly message: Buffer },
): Promise<UndecryptableRow> {
  const [noted] = await sql<UndecryptableRow[]>`
    with fence as materialized (
      select no from device where no = ${no} and owner = ${owner} and epoch = ${epoch} for share
    ), u as (
      insert into undecryptable (device_no, chat, sender, id, message)
      select no, ${chat}, ${sender}, ${id}, ${message} from fence
      on conflict (device_no, chat, sender, id) do update set id = excluded.id
      returning *
    )
    select ${row(sql)} from u`;
  if (!noted) throw new Fenced(no);
  return noted;
}

/** Those of the devices that are not recovered, the oldest first, at most `limit` (the newest) of each device. */
export async function readUndecryptable(
  sql: Sql,
  nos: readonly number[],
  limit: number,
): Promise<Map<number, UndecryptableRow[]>> {
  const { int } = arrays(sql);
  const rows = await sql<UndecryptableRow[]>`
    select ${row(sql)}
      from unnest(${int(nos)}) as w (no)
     cross join lateral (
       select * from undecryptable
        where device_no = w.no and state <> 'recovered' and first_at > now() - ${KEPT}::interval
        order by first_at desc
        limit ${limit}
     ) as u
     order by u.device_no, u.first_at`;
  const found = new Map<number, UndecryptableRow[]>();
  for (const one of rows) found.set(one.deviceNo, [...(found.get(one.deviceNo) ?? []), one]);
  return found;
}

/** Writes down what became of them, and forgets what is long over. Fails with Fenced. */
export async function changeUndecryptable(
  sql: Sql,
  { no, owner, epoch }: Term,
  changes: readonly UndecryptableChange[],
): Promise<void> {
  const { boolean, int, text, timestamptz } = arrays(sql);
  const held = await sql`
    with fence as materialized (
      select no from device where no = ${no} and owner = ${owner} and epoch = ${epoch} for share
    ), changed as (
      update undecryptable u
         set reason = w.reason, attempts = w.attempts, asked_at = w.asked_at, told = w.told, state = w.state
        from fence, unnest(
               ${text(changes.map(one => one.chat))}, ${text(changes.map(one => one.sender))},
               ${text(changes.map(one => one.id))}, ${text(changes.map(one => one.reason))},
               ${int(changes.map(one => one.attempts))},
               ${timestamptz(changes.map(one => one.askedAt))},
               ${boolean(changes.map(one => one.told))}, ${text(changes.map(one => one.state))}
             ) as w (chat, sender, id, reason, attempts, asked_at, told, state)
       where u.device_no = fence.no and u.chat = w.chat and u.sender = w.sender and u.id = w.id
    ), gone as (
      delete from undecryptable u using fence
       where u.device_no = fence.no and u.state <> 'waiting' and u.first_at < now() - ${KEPT}::interval
    )
    select no from fence`;
  if (held.length === 0) throw new Fenced(no);
}
