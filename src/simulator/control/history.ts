// Routes about history: a past that a phone is said to have had, what it told its companions of it, and how that travels.
import { z } from '@hono/zod-openapi';
import { accountJid } from '../accounts/accounts.ts';
import { ensureAccount, phoneOf } from '../accounts/phones.ts';
import type { PhoneAction } from '../app-state/actions.ts';
import { defined } from '../defined.ts';
import { chatsOf } from '../history/chats.ts';
import { generatedChats, person } from '../history/generate.ts';
import type { PastChat } from '../history/past-chat.ts';
import { pastMedia } from '../history/past-media.ts';
import type { PastSpec } from '../history/past-spec.ts';
import type { Phone } from '../phone/phone.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { OfPhone } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

/** Numbers of generated people have five digits of their own. */
const MOST_CHATS = 99_999;
const MOST_MESSAGES = 100_000;
/** Each is an account with keys. */
const MOST_CONTACTS = 5_000;

const Past = z.object({
  seed: z.string().min(1).max(200),
  chats: z.number().int().min(0).max(MOST_CHATS).default(10),
  groups: z.number().int().min(0).max(1_000).default(0),
  messagesPerChat: z.number().int().min(1).max(MOST_MESSAGES).default(20),
  days: z.number().int().min(1).max(3_650).default(365),
  until: z
    .number()
    .int()
    .positive()
    .optional()
    .openapi({ description: 'Unix seconds of the newest message; now when absent.' }),
  addressing: z.enum(['pn', 'lid']).default('pn'),
  contacts: z
    .boolean()
    .default(false)
    .openapi({ description: 'The people of the chats exist: they can be written to, and have phones.' }),
  appState: z
    .boolean()
    .default(true)
    .openapi({ description: 'Pins, archives, mutes and saved names are in app state as well.' }),
});
const PastView = z.object({
  seed: z.string(),
  chats: z.number(),
  groups: z.number(),
  messagesPerChat: z.number(),
  days: z.number(),
  until: z.number(),
  addressing: z.enum(['pn', 'lid']),
});
const Transfer = z.object({
  device: z.number(),
  id: z.string(),
  syncType: z.string(),
  chunkOrder: z.number(),
  progress: z.number(),
  messages: z.number(),
  bytes: z.number(),
  inline: z.boolean(),
  receipts: z
    .array(z.string())
    .openapi({ description: 'Types of what the companion said: peer_msg, hist_sync.' }),
});
const ChatView = z.object({
  id: z.string(),
  name: z.string().optional(),
  pn: z.string().optional(),
  lid: z.string().optional(),
  messages: z.number(),
  unread: z.number(),
  /** Unix seconds. */
  timestamp: z.number(),
  pinned: z.boolean(),
  archived: z.boolean(),
});
const Settings = z.object({
  blobs: z.boolean().openapi({
    description: 'Large history and app state are blobs on the media host. Off: inline, patches.',
  }),
  inlineBytes: z.number().int().min(0).max(8_000_000),
  externalMutations: z.number().int().min(1).max(100_000),
});

export const historyShapes = shapes({
  addHistory: {
    id: 'addHistory',
    method: 'post',
    path: '/phones/{phone}/history',
    tag: 'state',
    summary: 'The phone has had these chats all along: whoever is linked from now on gets them',
    description:
      'Wholly decided by the seed: people, names, LIDs, texts, kinds, times, unread counts, pins, archives.',
    params: OfPhone,
    body: Past,
    results: PastView.extend({ messages: z.number() }),
  },
  history: {
    id: 'history',
    method: 'get',
    path: '/phones/{phone}/history',
    tag: 'state',
    summary: 'Generated pasts of the phone, and every chunk of history that it sent to a companion',
    params: OfPhone,
    results: z.object({ pasts: z.array(PastView), transfers: z.array(Transfer) }),
  },
  chats: {
    id: 'chats',
    method: 'get',
    path: '/phones/{phone}/chats',
    tag: 'state',
    summary: 'All chats of the phone, real and generated, as it would tell them now; the newest first',
    params: OfPhone,
    results: z.array(ChatView),
  },
  removeHistory: {
    id: 'removeHistory',
    method: 'delete',
    path: '/phones/{phone}/history',
    tag: 'state',
    summary: 'The phone forgets its generated pasts',
    params: OfPhone,
    results: z.object({ removed: z.number() }),
  },
  syncSettings: {
    id: 'syncSettings',
    method: 'get',
    path: '/sync-settings',
    tag: 'state',
    summary: 'How history and app state travel',
    results: Settings,
  },
  setSyncSettings: {
    id: 'setSyncSettings',
    method: 'put',
    path: '/sync-settings',
    tag: 'state',
    summary: 'Inline, or as blobs that a client fetches from the media host',
    body: Settings.partial(),
    results: Settings,
  },
});

export function historyRoutes(add: AddRoute, world: World): void {
  add(historyShapes.addHistory, ({ params, body }) => {
    const phone = phoneOf(world, params.phone);
    const { contacts, appState, until, ...given } = body;
    if (given.chats + given.groups === 0) throw new Refused(400, 'chats: a past has chats or groups');
    if (contacts && given.chats > MOST_CONTACTS)
      throw new Refused(400, `chats: at most ${MOST_CONTACTS} with contacts`);
    if (phone.history.pasts.some(past => past.seed === given.seed))
      throw new Refused(409, `phone ${params.phone} has a past of this seed`);
    const spec = { ...given, until: until ?? Math.floor(world.clock.now() / 1000) };
    phone.history.pasts.push(spec);
    if (contacts) meet(world, spec);
    const messages = remember(world, phone, spec, appState);
    world.changed();
    return { ...spec, messages };
  });

  add(historyShapes.history, async ({ params }) => {
    const phone = phoneOf(world, params.phone);
    await phone.idle();
    return {
      pasts: phone.history.pasts,
      transfers: phone.history.transfers.map(transfer => ({
        ...transfer,
        receipts: phone.receipts.of(transfer.id).map(({ type }) => type),
      })),
    };
  });

  add(historyShapes.chats, async ({ params }) => {
    const phone = phoneOf(world, params.phone);
    await phone.idle();
    return chatsOf(world, phone).map(describeChat);
  });

  add(historyShapes.removeHistory, ({ params }) => {
    const removed = phoneOf(world, params.phone).history.pasts.splice(0).length;
    world.changed();
    return { removed };
  });

  add(historyShapes.syncSettings, () => world.sync);

  add(historyShapes.setSyncSettings, ({ body }) => {
    return Object.assign(world.sync, defined(body));
  });
}

function describeChat({ conversation, count }: PastChat): z.input<typeof ChatView> {
  const { id, name, pnJid, lidJid, unreadCount, conversationTimestamp, pinned, archived } = conversation;
  return {
    id: id ?? '',
    ...(name && { name }),
    ...(pnJid && { pn: pnJid }),
    ...(lidJid && { lid: lidJid }),
    messages: count,
    unread: unreadCount ?? 0,
    timestamp: Number(conversationTimestamp ?? 0),
    pinned: Boolean(pinned),
    archived: archived === true,
  };
}

function meet(world: World, spec: PastSpec): void {
  for (let number = 0; number < spec.chats; number++) {
    const { phone, pushName } = person(spec, number);
    ensureAccount(world, phone, pushName);
  }
}

/** Counts the messages, and writes into app state what a person had done to these chats. */
function remember(world: World, phone: Phone, spec: PastSpec, write: boolean): number {
  const own = { pn: accountJid(phone.account), lid: accountJid(phone.account, 'lid') };
  const lidOf = (number: string) => world.accounts.lidOf(number);
  const actions: PhoneAction[] = [];
  let messages = 0;
  for (const { conversation, count } of generatedChats(spec, {
    own,
    lidOf,
    media: pastMedia(world, spec.seed),
  })) {
    const { id, pnJid, lidJid, name, archived, pinned, muteEndTime } = conversation;
    const chat = id ?? '';
    messages += count;
    if (pinned) actions.push({ kind: 'pin', chat, pinned: true });
    if (archived) actions.push({ kind: 'archive', chat, archived: true });
    if (muteEndTime) actions.push({ kind: 'mute', chat, muted: true, until: Number(muteEndTime) });
    if (name && pnJid && lidJid)
      actions.push({ kind: 'contact', jid: pnJid, fullName: name, lid: lidJid.toString() });
  }
  if (write && actions.length > 0) phone.appState.apply(actions);
  return messages;
}
