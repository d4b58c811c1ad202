// API keys: making, changing, rotating and revoking them.
import { z } from '@hono/zod-openapi';
import type { KeyChange, KeyView } from '../../access/keys.ts';
import type { Devices } from '../../supervisor/devices.ts';
import type { ApiDeps } from '../deps.ts';
import { count, integer } from '../query.ts';
import type { AddRoute } from '../route.ts';
import { scopes } from '../scopes.ts';
import { findDevice } from '../selection.ts';
import { invalid } from '../validate.ts';

/** No key is for more devices by name; one for all of them needs no names. */
const MOST_DEVICES = 1_000;

const time = z.iso.datetime({ offset: true });
const fields = {
  name: z.string().min(1).max(100).openapi({ description: 'For people.', example: 'shop' }),
  scopes: z
    .array(z.enum(scopes))
    .min(1)
    .max(scopes.length)
    .openapi({ example: ['read', 'send'] }),
  devices: z
    .array(z.string().min(1).max(128))
    .max(MOST_DEVICES)
    .nullish()
    .openapi({
      description: 'Ids of the devices that exist for it; absent or null: all.',
      example: ['sales'],
    }),
  expires_at: time.nullish().openapi({ description: 'Absent or null: never.' }),
};

const keyShown = z
  .object({
    key_id: z.string().openapi({ example: 'aB3dE5gH7jK9' }),
    prefix: z.string().openapi({ description: 'How the key begins.', example: 'cdm_aB3dE5gH7jK9' }),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    devices: z.array(z.string()).nullable(),
    state: z.enum(['active', 'expired', 'revoked']),
    created_at: time,
    expires_at: time.nullable(),
    revoked_at: time.nullable(),
    last_used_at: time.nullable().openapi({ description: 'Noted every half minute.' }),
    rotated_from: z.string().nullable(),
  })
  .openapi('ApiKey');
const keyMade = keyShown.extend({
  key: z.string().optional().openapi({
    description:
      'The key itself, told this once: it is not kept, and a repeated request is answered without it.',
  }),
});
const keyParams = z.object({ key_id: z.string().regex(/^[0-9A-Za-z]{12}$/, 'expected the id of a key') });

export function keyRoutes(add: AddRoute, { keys, credentials }: ApiDeps): void {
  add(
    {
      id: 'createKey',
      method: 'post',
      path: '/keys',
      tag: 'key',
      scope: 'admin',
      summary: 'Make an API key',
      body: z.object(fields),
      secrets: ['key'],
      results: keyMade,
      failures: ['DEVICE_NOT_FOUND', 'INVALID_DEVICE_ID', 'TOO_MANY_KEYS', 'STORE_FULL'],
    },
    async ({ body, devices, changed }) => {
      const grant = {
        name: body.name,
        scopes: [...new Set(body.scopes)],
        devices: body.devices ? numbersOf(devices, body.devices) : undefined,
        expiresAt: later(body.expires_at),
      };
      rulesOf(grant.scopes, grant.devices);
      // With the first key the API is closed; without this rule nobody could open it again but by the settings.
      const nobody = credentials.basic.length === 0 && credentials.keys.length === 0;
      if (nobody && !keys.any && !grant.scopes.includes('admin'))
        throw invalid('scopes', 'the first key closes the API to everybody else, so it needs admin');
      const { key, view } = await keys.create(grant);
      changed(`key:${view.id}`, { before: undefined, after: shownKey(view) });
      return { message: 'Key made; keep it, it is not shown again', results: { ...shownKey(view), key } };
    },
  );

  add(
    {
      id: 'listKeys',
      method: 'get',
      path: '/keys',
      tag: 'key',
      scope: 'admin',
      summary: 'All API keys, those that have ended too, the oldest first',
      query: z.object({ after: integer(0, Number.MAX_SAFE_INTEGER), limit: count(100, 500) }),
      results: z.object({
        keys: z.array(keyShown),
        next: z.number().int().nullable().openapi({ description: 'The `after` of the next page.' }),
      }),
    },
    async ({ query: { after = 0, limit } }) => {
      const page = await keys.page(after, limit);
      const next = page.length < limit ? null : (page.at(-1)?.no ?? null);
      return { message: 'List keys', results: { keys: page.map(shownKey), next } };
    },
  );

  add(
    {
      id: 'getKey',
      method: 'get',
      path: '/keys/{key_id}',
      tag: 'key',
      scope: 'admin',
      summary: 'One API key',
      params: keyParams,
      results: keyShown,
      failures: ['KEY_NOT_FOUND'],
    },
    async ({ params }) => ({ message: 'Key', results: shownKey(await keys.get(params.key_id)) }),
  );

  add(
    {
      id: 'updateKey',
      method: 'patch',
      path: '/keys/{key_id}',
      tag: 'key',
      scope: 'admin',
      summary: 'Change the name, the scopes, the devices or the end of an API key; what is absent stays',
      params: keyParams,
      body: z.object(fields).partial(),
      results: keyShown,
      failures: ['KEY_NOT_FOUND', 'KEY_ENDED', 'DEVICE_NOT_FOUND', 'INVALID_DEVICE_ID', 'STORE_FULL'],
    },
    async ({ params, body, devices, changed }) => {
      const before = await keys.get(params.key_id);
      const change: KeyChange = {
        name: body.name,
        scopes: body.scopes && [...new Set(body.scopes)],
        devices: body.devices ? numbersOf(devices, body.devices) : body.devices,
        expiresAt: body.expires_at === undefined ? undefined : later(body.expires_at),
      };
      const limited = change.devices === undefined ? !before.allDevices : change.devices !== null;
      rulesOf(change.scopes ?? before.scopes, limited ? [] : undefined);
      const after = await keys.change(params.key_id, change);
      changed(`key:${after.id}`, { before: shownKey(before), after: shownKey(after) });
      return { message: 'Key updated', results: shownKey(after) };
    },
  );

  add(
    {
      id: 'rotateKey',
      method: 'post',
      path: '/keys/{key_id}/rotate',
      tag: 'key',
      scope: 'admin',
      summary: 'Make another API key in the place of this one, which goes on for a while',
      params: keyParams,
      body: z.object({
        overlap_seconds: z.number().int().min(0).max(2_592_000).nullish().openapi({
          description:
            'How long the old key is good for; 0: it ends now. A day unless given, 30 days at most.',
        }),
        expires_at: time.nullish().openapi({
          description: 'When the new key ends; absent: it is good for as long as the old one was made for.',
        }),
      }),
      secrets: ['key'],
      results: keyMade,
      failures: ['KEY_NOT_FOUND', 'KEY_ENDED', 'STORE_FULL'],
    },
    async ({ params, body, changed }) => {
      const overlapSeconds = body.overlap_seconds ?? 86_400;
      const how = { overlapSeconds, expiresAt: later(body.expires_at) };
      const { key, view } = await keys.rotate(params.key_id, how);
      changed(`key:${params.key_id}`, { before: undefined, after: shownKey(view) });
      return { message: 'Key rotated; keep it, it is not shown again', results: { ...shownKey(view), key } };
    },
  );

  add(
    {
      id: 'revokeKey',
      method: 'delete',
      path: '/keys/{key_id}',
      tag: 'key',
      scope: 'admin',
      summary: 'Revoke an API key, at once here and within 5 seconds on every other node',
      params: keyParams,
      failures: ['KEY_NOT_FOUND', 'STORE_FULL'],
    },
    async ({ params, changed }) => {
      await keys.revoke(params.key_id);
      changed(`key:${params.key_id}`);
      return { message: 'Key revoked' };
    },
  );
}

/** Who makes keys can make one for everything: to show such a caller a part of the devices would promise what it does not keep. */
function rulesOf(granted: readonly string[], devices: readonly number[] | undefined): void {
  if (devices && granted.includes('admin'))
    throw invalid('devices', 'a key with the scope admin is for all devices');
}

function numbersOf(devices: Devices, ids: readonly string[]): number[] {
  return [...new Set(ids.map(id => findDevice(devices, id).no))];
}

function later(text: string | null | undefined): Date | null {
  if (!text) return null;
  const date = new Date(text);
  if (date.getTime() > Date.now()) return date;
  throw invalid('expires_at', 'is not in the future');
}

function stateOf({ revokedAt, expiresAt }: KeyView): 'active' | 'expired' | 'revoked' {
  if (revokedAt) return 'revoked';
  return expiresAt && expiresAt.getTime() <= Date.now() ? 'expired' : 'active';
}

function shownKey(key: KeyView): z.input<typeof keyShown> {
  return {
    key_id: key.id,
    prefix: `cdm_${key.id}`,
    name: key.name,
    scopes: key.scopes as z.input<typeof keyShown>['scopes'],
    devices: key.allDevices ? null : [...key.deviceIds],
    state: stateOf(key),
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
    rotated_from: key.rotatedFrom,
  };
}
