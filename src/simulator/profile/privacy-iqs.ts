// xmlns `privacy`: reading and changing the settings (Baileys chats.ts privacyQuery, whatsapp-rust iq/privacy.rs).
import { createHash } from 'node:crypto';
import { type Account, accountJid, type Device } from '../accounts/accounts.ts';
import { accountSync } from '../delivery/notify.ts';
import { tellPresence } from '../presence/presence.ts';
import { type Answer, IqError } from '../stanzas/request.ts';
import { type BinaryNode, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Category, hasList, isCategory, isValueOf } from './privacy-values.ts';
import type { Profile } from './profiles.ts';

const get: Answer = ({ world, device, content }) => {
  const profile = world.profiles.of(device.account);
  const lists = children(content, 'list');
  if (lists.length > 0)
    return [
      node(
        'privacy',
        {},
        lists.map(asked => listNode(profile, asked)),
      ),
    ];
  return [
    node(
      'privacy',
      {},
      [...profile.privacy.keys()].map(name => categoryNode(profile, name)),
    ),
  ];
};

/** All or nothing: one wrong category and none is changed. Answers the changed ones. */
const set: Answer = ({ world, device, content, after }) => {
  const asked = children(content, 'category').map(category => readCategory(world, device.account, category));
  if (asked.length === 0) throw new IqError(400);
  for (const { name, value, change } of asked) setPrivacy(world, device.account, name, value, change);
  const profile = world.profiles.of(device.account);
  const changed = asked.map(({ name }) => categoryNode(profile, name));
  after(() => announcePrivacy(world, device.account, changed, device));
  return [node('privacy', {}, changed)];
};

interface ListChange {
  readonly add: readonly Account[];
  readonly remove: readonly Account[];
}

function readCategory(world: World, account: Account, asked: BinaryNode) {
  const { name, value, dhash } = asked.attrs;
  if (!isCategory(name) || !isValueOf(name, value)) throw new IqError(400);
  const users = children(asked, 'user');
  if (users.length > 0 && !hasList(value)) throw new IqError(400);
  // Somebody else changed the list meanwhile: the client is to read it again.
  const current = listHash(world.profiles.of(account).lists.get(name));
  if (users.length > 0 && dhash !== undefined && dhash !== 'none' && dhash !== current)
    throw new IqError(409);
  const change: { add: Account[]; remove: Account[] } = { add: [], remove: [] };
  for (const { attrs } of users) {
    const person = world.accounts.byJid(attrs.jid) ?? world.accounts.byJid(attrs.pn_jid);
    if (!person || (attrs.action !== 'add' && attrs.action !== 'remove')) throw new IqError(400);
    change[attrs.action].push(person);
  }
  return { name, value, change };
}

/** Changes one setting; whoever watches the account's presence sees the effect at once. */
export function setPrivacy(
  world: World,
  account: Account,
  name: Category,
  value: string,
  change?: ListChange,
) {
  const profile = world.profiles.of(account);
  profile.privacy.set(name, value);
  const list = profile.lists.get(name) ?? new Set<Account>();
  for (const person of change?.add ?? []) list.add(person);
  for (const person of change?.remove ?? []) list.delete(person);
  profile.lists.set(name, list);
  world.changed();
  if (name === 'last' || name === 'online') tellPresence(world, account, true);
}

export function announcePrivacy(world: World, account: Account, changed: BinaryNode[], by?: Device): void {
  accountSync(world, account, node('privacy', {}, changed), by);
}

export function categoryNode(profile: Profile, name: Category): BinaryNode {
  const value = profile.privacy.get(name);
  const dhash = hasList(value) ? listHash(profile.lists.get(name)) : undefined;
  return node('category', { name, value, dhash });
}

function listNode(profile: Profile, asked: BinaryNode): BinaryNode {
  const { name } = asked.attrs;
  if (!isCategory(name)) throw new IqError(400);
  const list = profile.lists.get(name) ?? new Set<Account>();
  const users = [...list].map(one => node('user', { jid: accountJid(one, 'lid'), pn_jid: accountJid(one) }));
  return node('list', { name, value: profile.privacy.get(name), dhash: listHash(list) }, users);
}

/** What a list of people is recognised by; equal for equal lists. Its real recipe is not public [guessed]. */
export function listHash(list: Iterable<Account> | undefined): string {
  const lids = [...(list ?? [])].map(one => one.lid).sort();
  return createHash('sha256').update(lids.join()).digest('base64').slice(0, 16);
}

export const privacyIqs: Readonly<Record<string, Answer>> = {
  'privacy/get/privacy': get,
  'privacy/set/privacy': set,
};
