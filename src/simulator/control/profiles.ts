// Routes about what a phone shows and allows: name, about, picture, address book, privacy, block list, presence.
import { z } from '@hono/zod-openapi';
import { type Account, accountJid } from '../accounts/accounts.ts';
import { personNamed } from '../accounts/naming.ts';
import { phoneOf } from '../accounts/phones.ts';
import { renameOnPhone } from '../app-state/push-name.ts';
import { CHAT_STATES, sayChatState } from '../presence/chat-state.ts';
import { setAvailable } from '../presence/presence.ts';
import { setAbout } from '../profile/about.ts';
import { setBlocked } from '../profile/block-list.ts';
import { setDisappearing } from '../profile/disappearing.ts';
import { setNewChatQuota } from '../profile/new-chats.ts';
import { setPicture } from '../profile/pictures.ts';
import { announcePrivacy, categoryNode, setPrivacy } from '../profile/privacy-iqs.ts';
import { isCategory, isValueOf } from '../profile/privacy-values.ts';
import { setTimelock } from '../profile/timelock.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { Done, done, OfPhone } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const Profile = z.object({
  phone: z.string(),
  name: z.string(),
  about: z.string(),
  picture: z.string().optional().openapi({ description: 'Where the picture can be fetched.' }),
  privacy: z.record(z.string(), z.string()),
  contacts: z.array(z.string()),
  blocked: z.array(z.string()),
  disappearing: z.number().openapi({ description: 'The timer of new chats in seconds; 0 is off.' }),
  available: z.boolean(),
  lastSeen: z.number().optional().openapi({ description: 'Unix seconds.' }),
});
const Changes = z.strictObject({
  name: z.string().min(1).max(100).optional(),
  about: z.string().max(139).optional(),
  contacts: z.array(z.string()).optional().openapi({ description: 'The whole address book, as numbers.' }),
  privacy: z.record(z.string(), z.string()).optional(),
  disappearing: z.number().int().min(0).max(31_536_000).optional(),
  timelock: z
    .object({ seconds: z.number().int().positive(), type: z.string().default('DEFAULT') })
    .nullable()
    .optional()
    .openapi({ description: 'It may start no chats for so long; null lifts it.' }),
  newChats: z
    .number()
    .int()
    .min(0)
    .nullable()
    .optional()
    .openapi({ description: 'So many chats may it start; then 463. Null: any number.' }),
});
const TokenModes = z.enum(['off', 'enforced']);
const Limits = z.object({
  usync: z
    .number()
    .int()
    .min(0)
    .nullable()
    .openapi({ description: 'Queries still answered; then 429. Null: all.' }),
});

export const profileShapes = shapes({
  profile: {
    id: 'profile',
    method: 'get',
    path: '/phones/{phone}/profile',
    tag: 'profile',
    summary: 'What a phone shows and allows',
    params: OfPhone,
    results: Profile,
  },
  changeProfile: {
    id: 'changeProfile',
    method: 'put',
    path: '/phones/{phone}/profile',
    tag: 'profile',
    summary: 'The person changes something on the phone; what is absent stays',
    params: OfPhone,
    body: Changes,
    results: Profile,
  },
  setPicture: {
    id: 'setPicture',
    method: 'put',
    path: '/phones/{phone}/picture',
    tag: 'profile',
    summary: 'The person sets a picture: the body is the image',
    params: OfPhone,
    raw: 'bytes',
    results: Profile,
  },
  removePicture: {
    id: 'removePicture',
    method: 'delete',
    path: '/phones/{phone}/picture',
    tag: 'profile',
    summary: 'The person removes the picture',
    params: OfPhone,
    results: Profile,
  },
  block: {
    id: 'block',
    method: 'post',
    path: '/phones/{phone}/block',
    tag: 'profile',
    summary: 'The person blocks or unblocks somebody',
    params: OfPhone,
    body: z.object({ who: z.string(), blocked: z.boolean().default(true) }),
    results: Profile,
  },
  setPresence: {
    id: 'setPresence',
    method: 'put',
    path: '/phones/{phone}/presence',
    tag: 'profile',
    summary: 'The person opens or closes the app',
    params: OfPhone,
    body: z.object({ available: z.boolean() }),
    results: Profile,
  },
  type: {
    id: 'type',
    method: 'post',
    path: '/phones/{phone}/typing',
    tag: 'profile',
    summary: 'The person types or records in a chat: a number, a JID, or a group',
    params: OfPhone,
    body: z.object({ to: z.string(), state: z.enum(CHAT_STATES) }),
    results: Done,
  },
  setTcTokens: {
    id: 'setTcTokens',
    method: 'put',
    path: '/tc-tokens',
    tag: 'profile',
    summary: 'Does a first message need a trusted-contact token? Without one it is refused with 463',
    body: z.object({ mode: TokenModes }),
    results: z.object({ mode: TokenModes }),
  },
  setLimits: {
    id: 'setLimits',
    method: 'put',
    path: '/limits',
    tag: 'profile',
    summary: 'Requests that are refused with 429 rate-overlimit from some number on',
    body: Limits,
    results: Limits,
  },
});

export function profileRoutes(add: AddRoute, world: World): void {
  const accountOf = (phone: string): Account => phoneOf(world, phone).account;
  const shown = (account: Account) => describeProfile(world, account);

  add(profileShapes.profile, ({ params }) => shown(accountOf(params.phone)));

  add(profileShapes.changeProfile, ({ params, body }) => {
    const account = accountOf(params.phone);
    changeProfile(world, account, body);
    return shown(account);
  });

  add(profileShapes.setPicture, ({ params, bytes }) => {
    const account = accountOf(params.phone);
    if (bytes.length === 0) throw new Refused(400, 'the body is the picture; it is empty');
    setPicture(world, account, bytes);
    return shown(account);
  });

  add(profileShapes.removePicture, ({ params }) => {
    const account = accountOf(params.phone);
    setPicture(world, account, undefined);
    return shown(account);
  });

  add(profileShapes.block, ({ params, body }) => {
    const account = accountOf(params.phone);
    const other = personNamed(world, body.who);
    if (other === account) throw new Refused(400, 'nobody blocks oneself');
    setBlocked(world, account, other, body.blocked);
    return shown(account);
  });

  add(profileShapes.setPresence, ({ params, body: { available } }) => {
    const { account, device } = phoneOf(world, params.phone);
    setAvailable(world, device, available);
    return shown(account);
  });

  add(profileShapes.type, ({ params, body: { to, state } }) => {
    const { device } = phoneOf(world, params.phone);
    const chat = to.includes('@') ? to : accountJid(personNamed(world, to));
    if (!sayChatState(world, device, chat, state))
      throw new Refused(404, `${to} is nobody, or a group that ${params.phone} is not in`);
    return done;
  });

  add(profileShapes.setTcTokens, ({ body: { mode } }) => {
    world.profiles.tokenMode = mode;
    world.changed();
    return { mode };
  });

  add(profileShapes.setLimits, ({ body: { usync } }) => {
    world.profiles.usyncLeft = usync ?? undefined;
    return { usync };
  });
}

/** All of it or, when something is wrong, nothing. Throws {@link Refused}. */
function changeProfile(world: World, account: Account, changes: z.output<typeof Changes>): void {
  const { name, about, disappearing, timelock, newChats } = changes;
  const privacy = Object.entries(changes.privacy ?? {}).map(([category, value]) => {
    if (!isCategory(category) || !isValueOf(category, value))
      throw new Refused(400, `privacy: ${category} cannot be ${value}`);
    return { category, value };
  });
  const contacts = changes.contacts?.map(who => personNamed(world, who));
  if (name !== undefined) renameOnPhone(world, account, name);
  if (about !== undefined) setAbout(world, account, about);
  if (contacts) world.profiles.setContacts(account, contacts);
  for (const { category, value } of privacy) setPrivacy(world, account, category, value);
  if (privacy.length > 0) {
    const profile = world.profiles.of(account);
    const changed = privacy.map(({ category }) => categoryNode(profile, category));
    announcePrivacy(world, account, changed);
  }
  if (disappearing !== undefined) setDisappearing(world, account, disappearing);
  if (timelock !== undefined) setTimelock(world, account, timelock);
  if (newChats !== undefined) setNewChatQuota(world, account, newChats);
  world.changed();
}

function describeProfile(world: World, account: Account): z.input<typeof Profile> {
  const profile = world.profiles.of(account);
  const { picture, lastSeen } = profile;
  return {
    phone: account.phone,
    name: account.name,
    about: profile.about.text,
    ...(picture && { picture: `${world.origin}/pictures/${picture.id}` }),
    privacy: Object.fromEntries(profile.privacy),
    contacts: [...profile.contacts].map(one => one.phone),
    blocked: [...profile.blocked].map(one => one.phone),
    disappearing: profile.disappearing.duration,
    available: world.presences.online.has(account),
    ...(lastSeen !== undefined && { lastSeen }),
  };
}
