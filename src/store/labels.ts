import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { Fenced, type Term } from './fence.ts';

/** A label; `value` is sealed. */
export interface LabelRow {
  readonly id: string;
  readonly value: Buffer;
}

/** What bears a label; an empty message is the chat itself. */
export interface LabelAssociation {
  readonly label: string;
  readonly chat: string;
  readonly message: string;
}

/** Each label and each association at most once. */
export interface LabelChanges {
  readonly set: readonly LabelRow[];
  /** Nothing bears these any more. */
  readonly gone: readonly string[];
  readonly tied: readonly LabelAssociation[];
  readonly untied: readonly LabelAssociation[];
}

/** The labels of a device, and how many chats bear each. */
export async function readLabels(sql: Sql, no: number): Promise<(LabelRow & { readonly chats: number })[]> {
  return await sql<(LabelRow & { readonly chats: number })[]>`
    select l.id, l.value,
           (select count(*)::int from label_association a
             where a.device_no = l.device_no and a.label_id = l.id and a.message = '') as chats
      from label l
     where l.device_no = ${no}`;
}

/** What bears this label, or which labels this chat and its messages bear. */
export async function readLabelAssociations(
  sql: Sql,
  no: number,
  of: { readonly label: string } | { readonly chat: string },
): Promise<LabelAssociation[]> {
  return await sql<LabelAssociation[]>`
    select label_id as label, chat, message from label_association
     where device_no = ${no} and ${'label' in of ? sql`label_id = ${of.label}` : sql`chat = ${of.chat}`}
     order by chat, message, label_id`;
}

/** Fails with Fenced. */
export async function changeLabels(
  sql: Sql,
  { no, owner, epoch }: Term,
  { set, gone, tied, untied }: LabelChanges,
): Promise<void> {
  const { bytea, text } = arrays(sql);
  const columns = (some: readonly LabelAssociation[]) => sql`
    ${text(some.map(({ label }) => label))}, ${text(some.map(({ chat }) => chat))},
    ${text(some.map(({ message }) => message))}`;
  const held = await sql`
    with fence as materialized (
      select no from device where no = ${no} and owner = ${owner} and epoch = ${epoch} for share
    ), kept as (
      insert into label (device_no, id, value)
      select fence.no, w.id, w.value
        from fence, unnest(${text(set.map(({ id }) => id))}, ${bytea(set.map(({ value }) => value))}) as w (id, value)
      on conflict (device_no, id) do update set value = excluded.value
    ), loose as (
      delete from label_association a using fence
       where a.device_no = fence.no and a.label_id = any(${text([...gone])})
    ), tied as (
      insert into label_association (device_no, label_id, chat, message)
      select fence.no, w.label, w.chat, w.message from fence, unnest(${columns(tied)}) as w (label, chat, message)
      on conflict do nothing
    ), untied as (
      delete from label_association a
       using fence, unnest(${columns(untied)}) as w (label, chat, message)
       where a.device_no = fence.no and a.label_id = w.label and a.chat = w.chat and a.message = w.message
    )
    select no from fence`;
  if (held.length === 0) throw new Fenced(no);
}
