// Who writes to whom under a load.
import type { Account } from '../accounts/accounts.ts';
import { accountJid } from '../accounts/accounts.ts';
import { found } from '../groups/change.ts';
import { announce } from '../groups/notices.ts';
import { MAX_MEMBERS, mayWrite } from '../groups/rules.ts';
import type { Phone } from '../phone/phone.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { choices, type Route } from './route.ts';

export type LoadKind = 'text' | 'group' | 'mixed';

export interface Cast {
  readonly kind: LoadKind;
  readonly phones: readonly Phone[];
  readonly targets: readonly Account[];
  /** JIDs; made of everybody when it is empty and groups are written to. */
  readonly groups: readonly string[];
}

/** Throws {@link Refused} when somebody would have nobody to write to. */
export function routesOf(world: World, { kind, phones, targets, groups }: Cast): Route[] {
  const jids = kind === 'text' ? [] : groups.length > 0 ? groups : [groupOf(world, phones, targets)];
  const accounts = kind === 'group' ? [] : [...new Set(targets)];
  const people = accounts.map(account => accountJid(account));
  const places = new Map(accounts.map((account, index) => [account, index]));
  const routes = phones.map(phone => ({
    phone,
    people,
    own: places.get(phone.account),
    groups: jids.filter(jid => writesTo(world, phone, jid)),
  }));
  const idle = routes.find(route => choices(route) === 0);
  if (idle) throw new Refused(409, `${idle.phone.account.phone} would have nobody to write to`);
  return routes;
}

function writesTo(world: World, phone: Phone, jid: string): boolean {
  const group = world.groups.byJid(jid);
  if (!group) throw new Refused(404, `there is no group ${jid}`);
  return mayWrite(group, phone.account);
}

/** A group of all who write and all who are written to. */
function groupOf(world: World, phones: readonly Phone[], targets: readonly Account[]): string {
  const members = new Set([...phones.map(phone => phone.account), ...targets]);
  const [first, ...others] = members;
  if (!first || members.size > MAX_MEMBERS)
    throw new Refused(
      409,
      `a group has at most ${MAX_MEMBERS} members: make groups, and name them in groups`,
    );
  const made = found(world, first, {
    subject: 'Load',
    people: others.map(account => ({ asked: accountJid(account), account })),
    addressing: world.groups.newAddressing,
    description: undefined,
    community: undefined,
    parent: undefined,
  });
  announce(world, made.notices);
  return made.group.jid;
}
