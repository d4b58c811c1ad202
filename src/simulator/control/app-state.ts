// Routes about app state: what a phone holds in plain, and what a person does on it that companions hear of.
import { z } from '@hono/zod-openapi';
import { proto } from '@whiskeysockets/baileys';
import { companionsOf } from '../accounts/accounts.ts';
import { phoneOf } from '../accounts/phones.ts';
import { COLLECTIONS } from '../app-state/collections.ts';
import { DIRTY_TYPES, markDirty } from '../app-state/dirty.ts';
import { keyShare } from '../app-state/key-ring.ts';
import type { PhoneAppState } from '../app-state/phone-state.ts';
import { viewOf } from '../app-state/view.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { OfPhone } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const name = z.string().min(1).max(512);
const chat = name.openapi({ example: '15550001@s.whatsapp.net' });
const yes = z.boolean().default(true);
const no = z.boolean().default(false);
const message = { chat, id: name, fromMe: no, participant: name.optional() };

const Action = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('pin'), chat, pinned: yes }),
  z.object({ kind: z.literal('mute'), chat, muted: yes, until: z.number().int().optional() }),
  z.object({ kind: z.literal('archive'), chat, archived: yes }),
  z.object({ kind: z.literal('lock'), chat, locked: yes }),
  z.object({ kind: z.literal('markRead'), chat, read: yes }),
  z.object({ kind: z.literal('star'), ...message, starred: yes }),
  z.object({ kind: z.literal('deleteMessage'), ...message, deleteMedia: no }),
  z.object({ kind: z.literal('deleteChat'), chat, deleteMedia: no }),
  z.object({ kind: z.literal('clearChat'), chat, deleteStarred: no, deleteMedia: no }),
  z.object({
    kind: z.literal('contact'),
    jid: name,
    fullName: name,
    firstName: name.optional(),
    lid: name.optional(),
  }),
  z.object({ kind: z.literal('removeContact'), jid: name }),
  z.object({
    kind: z.literal('label'),
    id: name,
    name,
    color: z.number().int().min(0).max(19).default(0),
    deleted: no,
  }),
  z.object({ kind: z.literal('labelChat'), label: name, chat, labeled: yes }),
  z.object({ kind: z.literal('labelMessage'), label: name, chat, id: name, labeled: yes }),
  z.object({
    kind: z.literal('quickReply'),
    id: name,
    shortcut: name,
    message: z.string().max(4096),
    deleted: no,
  }),
  z.object({ kind: z.literal('muteStatus'), jid: name, muted: yes }),
  z.object({ kind: z.literal('pushName'), name: z.string().min(1).max(100) }),
  z.object({ kind: z.literal('locale'), locale: name }),
  z.object({ kind: z.literal('timeFormat'), twentyFourHours: z.boolean() }),
  z.object({ kind: z.literal('unarchiveChats'), unarchive: z.boolean() }),
  z.object({ kind: z.literal('linkPreviews'), disabled: z.boolean() }),
  z.object({
    kind: z.literal('raw'),
    collection: z.enum(COLLECTIONS),
    index: z.array(name).min(1).max(16),
    version: z.number().int().min(0).max(1_000),
    value: z.record(z.string(), z.unknown()).optional(),
  }),
]);

const Versions = z.record(z.string(), z.number()).openapi({ description: 'The version of each collection.' });
const State = z.object({
  keys: z.array(z.object({ id: z.string(), current: z.boolean() })),
  collections: z.record(
    z.string(),
    z.object({
      version: z.number(),
      ltHash: z.string(),
      records: z.array(
        z.object({
          index: z.array(z.string()),
          version: z.number(),
          value: z.record(z.string(), z.unknown()),
          key: z.string(),
        }),
      ),
    }),
  ),
  state: z.looseObject({}),
  refused: z.array(z.object({ collection: z.string(), version: z.number(), reason: z.string() })),
});
/** Above what a person does in a year. */
const MAX_ACTIONS = 10_000;

export const appStateShapes = shapes({
  appState: {
    id: 'appState',
    method: 'get',
    path: '/phones/{phone}/app-state',
    tag: 'state',
    summary: 'What the phone holds: every collection decrypted, and what it means',
    params: OfPhone,
    results: State,
  },
  changeAppState: {
    id: 'changeAppState',
    method: 'post',
    path: '/phones/{phone}/app-state',
    tag: 'state',
    summary: 'The person pins, mutes, labels, renames, … on the phone; companions are told',
    params: OfPhone,
    body: Action,
    results: Versions,
  },
  changeAppStateMuch: {
    id: 'changeAppStateMuch',
    method: 'post',
    path: '/phones/{phone}/app-state/batch',
    tag: 'state',
    summary: 'Many such changes at once, in as few patches as they fit',
    params: OfPhone,
    body: z.object({ actions: z.array(Action).min(1).max(MAX_ACTIONS) }),
    results: Versions,
  },
  markDirty: {
    id: 'markDirty',
    method: 'post',
    path: '/dirty',
    tag: 'state',
    summary:
      'The server tells a device that something has changed unseen, now and at each login until it is clean',
    description:
      'Baileys fetches its groups for `groups`; for `syncd_app_state` whatsapp-rust fetches its app state.',
    body: z.object({ jid: z.string(), type: z.enum(DIRTY_TYPES) }),
    results: z.object({ dirty: z.array(z.string()) }),
  },
  rotateAppStateKey: {
    id: 'rotateAppStateKey',
    method: 'post',
    path: '/phones/{phone}/app-state/rotate-key',
    tag: 'state',
    summary: 'The phone writes with a new key from now on, and gives it to its companions unless told not to',
    params: OfPhone,
    body: z.object({ share: yes }),
    results: z.object({ key: z.string() }),
  },
});

export function appStateRoutes(add: AddRoute, world: World): void {
  add(appStateShapes.appState, ({ params }) => describeAppState(phoneOf(world, params.phone).appState));

  add(appStateShapes.changeAppState, ({ params, body }) =>
    applied(phoneOf(world, params.phone).appState, [body]),
  );

  add(appStateShapes.changeAppStateMuch, ({ params, body }) =>
    applied(phoneOf(world, params.phone).appState, body.actions),
  );

  add(appStateShapes.markDirty, ({ body }) => {
    const device = world.accounts.device(body.jid);
    if (!device || device.phone) throw new Refused(404, `jid: ${body.jid} is no linked device`);
    markDirty(world, device, body.type);
    return { dirty: [...world.dirty.of(device).keys()] };
  });

  add(appStateShapes.rotateAppStateKey, async ({ params, body }) => {
    const phone = phoneOf(world, params.phone);
    const key = phone.appState.keys.rotate([...phone.account.devices.keys()]);
    world.changed();
    if (body.share) {
      await Promise.all(companionsOf(phone.account).map(one => phone.sendPeer(one, [keyShare([key])])));
    }
    return { key: key.id.toString('hex') };
  });
}

function applied(state: PhoneAppState, actions: z.output<typeof Action>[]): Record<string, number> {
  state.apply(actions);
  return Object.fromEntries(COLLECTIONS.map(one => [one, state.replica(one).version]));
}

function describeAppState(state: PhoneAppState): z.input<typeof State> {
  const replicas = COLLECTIONS.map(one => state.replica(one));
  const keys = state.keys.all();
  return {
    keys: keys.map(key => ({ id: key.id.toString('hex'), current: key === keys.at(-1) })),
    collections: Object.fromEntries(
      replicas.map(replica => [
        replica.name,
        {
          version: replica.version,
          ltHash: replica.hash.toString('hex'),
          records: [...replica.entries()].map(entry => ({
            index: [...entry.index],
            version: entry.version,
            value: proto.SyncActionValue.fromObject(entry.value).toJSON(),
            key: entry.keyId.toString('hex'),
          })),
        },
      ]),
    ),
    state: { ...viewOf(replicas.flatMap(replica => [...replica.entries()])) },
    refused: state.refusals,
  };
}
