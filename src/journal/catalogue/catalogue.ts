/**
 * All that can happen: for every event what it means, the form of its payload and a sample. docs/events.md, docs/asyncapi.json, a part
 * of the OpenAPI document and `GET /events/types` are made from it. Only what describes events loads it.
 */
import { z } from 'zod';
import { type EventName, eventNames, isPrivate, versionOf } from '../names.ts';
import { account } from './account.ts';
import { channels } from './channels.ts';
import { chats } from './chats.ts';
import { device } from './device.ts';
import type { Entry } from './entry.ts';
import { groups } from './groups.ts';
import { messages } from './message.ts';
import { messageChanges } from './message-changes.ts';

export const catalogue: Readonly<Record<EventName, Entry>> = {
  ...messages,
  ...messageChanges,
  ...chats,
  ...groups,
  ...channels,
  ...account,
  ...device,
} satisfies Record<EventName, Entry>;

export type Schema = Record<string, unknown>;

/** A kind of event as callers are told of it. */
export interface EventType {
  readonly name: EventName;
  readonly version: number;
  readonly description: string;
  /** It is sent only to who names it. */
  readonly by_name_only: boolean;
  readonly sample: Record<string, unknown>;
  /** JSON Schema of the payload. It says nothing against further fields: there may be more tomorrow. */
  readonly schema: Record<string, unknown>;
}

export type Dialect = 'draft-7' | 'draft-2020-12';

export interface SchemaOptions {
  /** To fields that it does not name, for readers; or not, for who looks for drift. */
  readonly open: boolean;
  readonly dialect?: Dialect;
}

/** JSON Schema of a payload. */
export function schemaOf(name: EventName, { open, dialect = 'draft-2020-12' }: SchemaOptions): Schema {
  const io = open ? 'input' : 'output';
  const { $schema, ...schema } = z.toJSONSchema(catalogue[name].payload, { io, target: dialect });
  return schema;
}

/** A sample payload, as it is written out. */
export const sampleOf = (name: EventName): Record<string, unknown> =>
  JSON.parse(JSON.stringify(catalogue[name].sample)) as Record<string, unknown>;

let types: readonly EventType[] | undefined;

/** All of them, written out when they are first asked for: JSON Schemas of sixty events take 14 ms of CPU. */
export function eventTypes(): readonly EventType[] {
  types ??= eventNames.map(name => ({
    name,
    version: versionOf(name),
    description: catalogue[name].about,
    by_name_only: isPrivate(name),
    sample: sampleOf(name),
    schema: schemaOf(name, { open: true }),
  }));
  return types;
}
