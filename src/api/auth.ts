// Who calls, and what they may do: keys as bearer tokens or in X-API-Key, users by basic auth, or everybody while there is no
// credential at all.
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import type { Keys, KnownKey } from '../access/keys.ts';
import { Failure } from '../errors.ts';
import { keyId } from '../lib/api-key.ts';
import { TokenBuckets } from '../lib/token-buckets.ts';
import type { Devices } from '../supervisor/devices.ts';
import { neighbourhood } from './address.ts';
import type { Check } from './checks.ts';
import type { ApiEnv, Credentials } from './deps.ts';
import { tell } from './headers.ts';
import { queryOf } from './query.ts';
import { type Scope, scopes } from './scopes.ts';
import { visibleTo } from './visible.ts';

/** A caller who was let in. */
export interface Actor {
  /** As the audit log has it: key:<id>, user:<name>, env:<n> or anybody. */
  readonly name: string;
  /** Of a key that was made. */
  readonly keyId?: string;
  /** What limits and idempotency keys are counted by: a key and those that were rotated into it are one. */
  readonly realm: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Numbers of the devices that exist for this caller; undefined: all. */
  readonly devices: ReadonlySet<number> | undefined;
  /** Its requests are counted. */
  readonly limited: boolean;
}

const everything: ReadonlySet<Scope> = new Set(scopes);

/** Who calls while nobody has to say so. */
export const anybody: Actor = {
  name: 'anybody',
  realm: 'anybody',
  scopes: everything,
  devices: undefined,
  limited: false,
};

/** What a request shows of its caller. */
export interface Shown {
  readonly authorization?: string | undefined;
  /** The X-API-Key header. */
  readonly key?: string | undefined;
}

/** The credentials that the settings name; each may do everything. */
interface Named {
  readonly actor: Actor;
  readonly digest: Buffer;
}

/** How many wrong credentials a minute an address may show. */
export const WRONG_PER_MINUTE = 20;

export interface Gate {
  /** True when nobody has to show a credential: none is configured, and there has never been a key. */
  open(): boolean;
  /** What to send, for WWW-Authenticate. */
  readonly ways: string;
  /** The caller, if what was shown is right. Fails with RATE_LIMITED, and with STORE_UNAVAILABLE when keys cannot be read. */
  admit(shown: Shown, address: string): Promise<Actor | undefined>;
  /** Who was let in, as the caller may be seen now; undefined when the credential is none any more. */
  again(actor: Actor): Actor | undefined;
}

/**
 * Judges credentials. Whatever was shown, and whether a key of its id exists or not, every call does the same work: one
 * digest for each scheme, compared with all that are configured and with one key.
 *
 * An address that has shown too many wrong credentials is refused before anything is hashed. A caller with a right one
 * behind the same address is not: what has the form of a key that exists cannot be guessed, and what is configured is
 * recognised as it is.
 */
export function gatekeeper({ basic, keys: configured }: Credentials, keys: Keys, now?: () => number): Gate {
  if (configured.includes('') || basic.some(({ user, password }) => !user || !password))
    throw new Error('an API key, a user or a password is empty');
  const named = (name: string, text: string): Named => {
    const value = digest(text);
    const realm = `${name.split(':')[0]}:${value.toString('hex')}`;
    return { actor: { ...anybody, name, realm, limited: true }, digest: value };
  };
  const byKey = configured.map((key, index) => named(`env:${index + 1}`, key));
  const byUser = basic.map(({ user, password }) => named(`user:${user}`, `${user}:${password}`));
  const asTheyAre = new Set([...configured, ...basic.map(({ user, password }) => `${user}:${password}`)]);
  const wrong = new TokenBuckets(WRONG_PER_MINUTE, now);
  // Stands in for what was not sent, so that nothing configured can equal it.
  const nothing = randomBytes(32);
  // The register makes a key's object anew whenever it is read.
  const actors = new WeakMap<KnownKey, Actor>();

  return {
    ways: [
      ...(basic.length > 0 ? ['Basic realm="Cardume", charset="UTF-8"'] : []),
      'Bearer realm="Cardume"',
    ].join(', '),
    open: () => configured.length === 0 && basic.length === 0 && !keys.any,
    async admit(shown, address) {
      const { key, user } = parsed(shown);
      const id = key === undefined ? undefined : keyId(key);
      if (id !== undefined) await keys.fresh();
      const known = id === undefined ? undefined : keys.find(id);
      if (!known && !asTheyAre.has(key ?? user?.toString() ?? '')) refuseMany(wrong, neighbourhood(address));
      const keyDigest = digest(key ?? nothing);
      const userDigest = digest(user ?? nothing);
      let found: Actor | undefined;
      for (const { actor, digest } of byKey) if (timingSafeEqual(digest, keyDigest)) found = actor;
      for (const { actor, digest } of byUser) if (timingSafeEqual(digest, userDigest)) found = actor;
      if (timingSafeEqual(known?.digest ?? nothing, keyDigest) && known) {
        keys.used(known.id);
        const actor = actors.get(known) ?? actorOf(known);
        actors.set(known, actor);
        found = actor;
      }
      if (!found && (key !== undefined || user !== undefined)) wrong.take(neighbourhood(address));
      return found;
    },
    again(actor) {
      if (actor === anybody) return keys.any ? undefined : anybody;
      if (actor.keyId === undefined) return actor;
      // Who only listens asks for nothing else that would have the keys read anew.
      keys.fresh()?.catch(() => {}); // what is known counts meanwhile; the register logs its own readings
      const known = keys.find(actor.keyId);
      return known && actorOf(known);
    },
  };
}

/**
 * Lets a request pass that shows a credential, and tells what is behind who calls and which devices exist for the caller;
 * answers UNAUTHORIZED with the ways in otherwise.
 */
export function admission({
  gate,
  isPublic,
  devices,
}: {
  gate: Gate;
  isPublic: (c: Context) => boolean;
  devices: Devices;
}): Check {
  return async c => {
    const free = isPublic(c) || gate.open();
    const actor = free ? anybody : await gate.admit(shownBy(c), c.get('address'));
    if (!actor) {
      tell(c, 'www-authenticate', gate.ways);
      throw new Failure('UNAUTHORIZED');
    }
    c.set('actor', actor);
    c.set('devices', visibleTo(actor, devices));
    c.set('standing', () => {
      const now = gate.again(actor);
      return now && { actor: now, devices: visibleTo(now, devices) };
    });
    return undefined;
  };
}

/** Names of queries that would hold a key. */
const SECRET_NAMES = new Set([
  'key',
  'api_key',
  'apikey',
  'api-key',
  'x-api-key',
  'token',
  'access_token',
  'authorization',
]);
/** gowa's clients cannot send a header when they open a WebSocket, and send the Authorization header's value here. */
const SOCKET = '/ws';

/** Refuses a key in the query, whether it is right or not. Fails with KEY_IN_QUERY. */
export function keysInHeaders(): Check {
  return c => {
    for (const name in queryOf(c))
      if (SECRET_NAMES.has(name.toLowerCase()) && c.req.path !== SOCKET) throw new Failure('KEY_IN_QUERY');
    return undefined;
  };
}

function shownBy(c: Context<ApiEnv>): Shown {
  const inQuery = c.req.path === SOCKET ? c.req.query('authorization') : undefined;
  return { authorization: c.req.header('authorization') ?? inQuery, key: c.req.header('x-api-key') };
}

/** Two credentials are none: whoever sends both does not know as whom. */
function parsed({ authorization = '', key }: Shown): { key?: string; user?: Buffer } {
  const [, scheme = '', value = ''] = /^(bearer|basic) +(\S+) *$/i.exec(authorization) ?? [];
  if (key) return authorization === '' ? { key } : {};
  if (scheme.toLowerCase() === 'bearer') return { key: value };
  return scheme === '' ? {} : { user: Buffer.from(value, 'base64') };
}

function refuseMany(wrong: TokenBuckets, near: string): void {
  const { waitMs } = wrong.level(near);
  if (waitMs > 0)
    throw new Failure(
      'RATE_LIMITED',
      'This address has shown too many wrong credentials; Retry-After says when to try again.',
      {
        retryAfter: Math.ceil(waitMs / 1000),
      },
    );
}

function actorOf({ id, origin, scopes, devices }: KnownKey): Actor {
  return {
    name: `key:${id}`,
    keyId: id,
    realm: `key:${origin}`,
    scopes: new Set(scopes as Scope[]),
    devices,
    limited: true,
  };
}

const digest = (value: string | Buffer): Buffer => hash('sha256', value, 'buffer');
