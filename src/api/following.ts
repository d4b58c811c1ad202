// Who reads the journal and goes on reading: what is asked for, and how long whoever asks may have it.
import { z } from '@hono/zod-openapi';
import { Failure } from '../errors.ts';
import { isPrivate } from '../journal/names.ts';
import type { Follower, Way } from '../streams/streams.ts';
import type { Devices } from '../supervisor/devices.ts';
import type { Actor } from './auth.ts';
import type { ApiDeps } from './deps.ts';
import { optional } from './query.ts';
import type { Scope } from './scopes.ts';
import { findDevice } from './selection.ts';

export const streamFields = {
  after: optional(z.string().max(64)).openapi({
    type: 'string',
    description:
      'What comes after this: the `seq` of an event where one device is asked for, else a cursor of an earlier answer.',
  }),
  device_id: optional(z.string().max(128)).openapi({ type: 'string', description: 'Of this device only.' }),
  types: optional(z.string().max(4_096)).openapi({
    type: 'string',
    description: 'Names of events, separated by commas; * or none: all but those that have to be named.',
    example: 'message,message.ack',
  }),
};

export interface Asking {
  readonly after?: string | undefined;
  readonly device_id?: string | undefined;
  readonly types?: string | undefined;
}

export interface Asked {
  /** The number of the device, and its id. */
  readonly device: number | undefined;
  readonly id: string | undefined;
  readonly types: readonly string[];
  readonly after: string | undefined;
  /** What a key must be allowed to beside reading: what links a phone is for those who may link devices. */
  readonly also: Scope | undefined;
}

type Scopes = ReadonlySet<Scope>;

/** Fails with FORBIDDEN where somebody without that scope asks for what can link a phone. */
function linking(types: readonly string[], scopes: Scopes): Scope | undefined {
  const asked = types.some(name => isPrivate(name.trim().toLowerCase()));
  if (asked && !scopes.has(LINKS))
    throw new Failure('FORBIDDEN', `The key lacks the scope ${LINKS}.`, { results: { scope: LINKS } });
  return asked ? LINKS : undefined;
}

const LINKS = 'devices';

/** Whether a key with these scopes may have an event of this name. */
export const mayHave = (scopes: Scopes, event: string): boolean => !isPrivate(event) || scopes.has(LINKS);

/** Fails with INVALID_DEVICE_ID, DEVICE_NOT_FOUND or FORBIDDEN. */
export function askedOf(
  { after, types }: Asking,
  devices: Devices,
  named: string | undefined,
  scopes: Scopes,
): Asked {
  const device = named === undefined ? undefined : findDevice(devices, named);
  const names = types?.split(',') ?? [];
  return { device: device?.no, id: device?.id, types: names, after, also: linking(names, scopes) };
}

/** One who reads on, and may. */
export interface Reading {
  /** Opens it where it was begun. Whoever does must close it. Fails as `Streams.follow` does. */
  open(): Follower;
  /** Whether the reader would still be let in. */
  allowed(): boolean;
}

/** Whose share of the readers a caller's are of; nobody's where nobody has to say who they are. */
export const sharer = (actor: Actor | undefined): string | undefined =>
  actor?.limited ? actor.realm : undefined;

/** Judges where a reader wants to begin: from now on, unless it says. Fails as `Reader.page` and `Streams.room` do. */
export async function begin(
  events: ApiDeps['events'],
  { device, id, types, after, also }: Asked,
  scope: Scope,
  way: Way,
  standing: () => { readonly actor: Actor; readonly devices: Devices } | undefined,
): Promise<Reading> {
  const numbers = () => {
    const now = standing();
    // Who would not be let in any more sees nothing, and not all.
    if (!now) return [];
    return now.actor.devices && [...now.actor.devices];
  };
  const by = sharer(standing()?.actor);
  // Judged before anything is answered: whether there is room, a cursor, and the names of the events.
  events.room(by);
  const page = { device, devices: numbers(), types, limit: 1 };
  const from = after ?? (await events.end({ device }));
  await events.page({ ...page, after: from });
  return {
    open: () => events.follow({ device, types, after: from, devices: numbers, way, by }),
    allowed() {
      const now = standing();
      if (!now?.actor.scopes.has(scope) || (also && !now.actor.scopes.has(also))) return false;
      return id === undefined || now.devices.find(id)?.no === device;
    },
  };
}
