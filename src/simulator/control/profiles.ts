// Routes about what a phone shows and allows: name, about, picture, address book, privacy, block list, presence.
import { z } from '@hono/zod-openapi';
import { type Account, accountJid } from '../accounts/accounts.ts';
import { phoneOf } from '../accounts/phones.ts';
import { chatStateOf, relayChatState } from '../presence/chat-state.ts';
import { tellPresence } from '../presence/presence.ts';
import { setAbout } from '../profile/about.ts';
import { setBlocked } from '../profile/block-list.ts';
import { setDisappearing } from '../profile/disappearing.ts';
import { setPicture } from '../profile/pictures.ts';
import { announcePrivacy, categoryNode, setPrivacy } from '../profile/privacy-iqs.ts';
import { isCategory, isValueOf } from '../profile/privacy-values.ts';
import { setTimelock } from '../profile/timelock.ts';
import { Refused } from '../refused.ts';
import { node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { AddRoute } from './route.ts';

const Params = z.object({ phone: z.string() });
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
});
const Block = z.object({ who: z.string(), blocked: z.boolean().default(true) });
const Presence = z.object({ available: z.boolean() });
const Typing = z.object({ to: z.string(), state: z.enum(['composing', 'recording', 'paused']) });
const TokenRules = z.object({ mode: z.enum(['off', 'enforced']) });
const Limits = z.object({
  usync: z
    .number()
    .int()
    .min(0)
    .nullable()
    .openapi({ description: 'Queries still answered; then 429. Null: all.' }),
});

export function profileRoutes(add: AddRoute, world: World): void {
  const accountOf = (phone: string): Account => phoneOf(world, phone).account;
  const person = (who: string): Account => personOf(world, who);
  const shown = (account: Account) => describeProfile(world, account);
  const tag = 'profiles';
  const params = Params;
  const results = Profile;

  add(
    {
      id: 'profile',
      method: 'get',
      path: '/phones/{phone}/profile',
      tag,
      summary: 'What it shows and allows',
      params,
      results,
    },
    ({ params: { phone } }) => shown(accountOf(phone)),
  );

  add(
    {
      id: 'changeProfile',
      method: 'put',
      path: '/phones/{phone}/profile',
      tag,
      summary: 'The person changes something on the phone; what is absent stays',
      params,
      body: Changes,
      results,
    },
    ({ params: { phone }, body }) => {
      const account = accountOf(phone);
      const privacy = Object.entries(body.privacy ?? {}).map(([name, value]) => {
        if (!isCategory(name) || !isValueOf(name, value))
          throw new Refused(400, `privacy: ${name} cannot be ${value}`);
        return { name, value };
      });
      const contacts = body.contacts?.map(person);
      if (body.name !== undefined) world.accounts.rename(account, body.name);
      if (body.about !== undefined) setAbout(world, account, body.about);
      if (contacts) world.profiles.setContacts(account, contacts);
      for (const { name, value } of privacy) setPrivacy(world, account, name, value);
      if (privacy.length > 0) {
        const profile = world.profiles.of(account);
        announcePrivacy(
          world,
          account,
          privacy.map(({ name }) => categoryNode(profile, name)),
        );
      }
      if (body.disappearing !== undefined) setDisappearing(world, account, body.disappearing);
      if (body.timelock !== undefined) setTimelock(world, account, body.timelock);
      world.changed();
      return shown(account);
    },
  );

  add(
    {
      id: 'setPicture',
      method: 'put',
      path: '/phones/{phone}/picture',
      tag,
      summary: 'The person sets a picture: the body is the image',
      params,
      raw: 'bytes',
      results,
    },
    ({ params: { phone }, bytes }) => {
      const account = accountOf(phone);
      if (bytes.length === 0) throw new Refused(400, 'the body is the picture; it is empty');
      setPicture(world, account, bytes);
      return shown(account);
    },
  );

  add(
    {
      id: 'removePicture',
      method: 'delete',
      path: '/phones/{phone}/picture',
      tag,
      summary: 'The picture goes',
      params,
      results,
    },
    ({ params: { phone } }) => {
      setPicture(world, accountOf(phone), undefined);
      return shown(accountOf(phone));
    },
  );

  add(
    {
      id: 'block',
      method: 'post',
      path: '/phones/{phone}/block',
      tag,
      summary: 'Blocks or unblocks a person',
      params,
      body: Block,
      results,
    },
    ({ params: { phone }, body }) => {
      const account = accountOf(phone);
      const other = person(body.who);
      if (other === account) throw new Refused(400, 'nobody blocks oneself');
      setBlocked(world, account, other, body.blocked);
      return shown(account);
    },
  );

  add(
    {
      id: 'setPresence',
      method: 'put',
      path: '/phones/{phone}/presence',
      tag,
      summary: 'The person opens or closes the app',
      params,
      body: Presence,
      results,
    },
    ({ params: { phone }, body }) => {
      const { account, device } = phoneOf(world, phone);
      device.available = body.available;
      tellPresence(world, account);
      return shown(account);
    },
  );

  add(
    {
      id: 'type',
      method: 'post',
      path: '/phones/{phone}/typing',
      tag,
      summary: 'The person types or records in a chat: a number, a JID, or a group',
      params,
      body: Typing,
      results: z.object({ ok: z.boolean() }),
    },
    ({ params: { phone }, body: { to, state } }) => {
      const account = accountOf(phone);
      const jid = to.endsWith('@g.us') ? to : to.includes('@') ? to : accountJid(person(to));
      const recording = state === 'recording' ? { media: 'audio' } : {};
      const stanza = chatStateOf(node(state === 'paused' ? 'paused' : 'composing', recording));
      if (!stanza || !relayChatState(world, account, jid, stanza))
        throw new Refused(404, `${to} is nobody, or a group that ${phone} is not in`);
      return { ok: true };
    },
  );

  add(
    {
      id: 'setTcTokens',
      method: 'put',
      path: '/tc-tokens',
      tag,
      summary: 'Does a first message need a trusted-contact token? Without one it is refused with 463',
      body: TokenRules,
      results: TokenRules,
    },
    ({ body: { mode } }) => {
      world.profiles.tokenMode = mode;
      world.changed();
      return { mode };
    },
  );

  add(
    {
      id: 'setLimits',
      method: 'put',
      path: '/limits',
      tag,
      summary: 'Requests that are refused with 429 from some number on',
      body: Limits,
      results: Limits,
    },
    ({ body: { usync } }) => {
      world.profiles.usyncLeft = usync ?? undefined;
      return { usync };
    },
  );
}

/** The account of digits or of a JID. Throws {@link Refused} when there is none. */
export function personOf(world: World, who: string): Account {
  const digits = who.replace(/^\+/, '');
  const account = /^\d+$/.test(digits) ? world.accounts.byPhone(digits) : world.accounts.byJid(who);
  if (!account) throw new Refused(404, `nobody has ${who}`);
  return account;
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
