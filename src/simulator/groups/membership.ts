// Who is in a group: adding, removing, promoting, demoting, leaving.
import type { Account } from '../accounts/accounts.ts';
import { type Group, type Groups, newPersonalInvite, type Role } from './groups.ts';
import { type Notice, type Outcome, type Person, type PersonResult, toAdmins, toMembers } from './outcome.ts';
import { capacity, forbidden, isAdmin, requireAdmin, requireMember, type Scene } from './rules.ts';

/** How somebody came in, as the `reason` of the news. Nothing for an admin's hand. */
export type Entrance = 'invite' | 'linked_group_join' | undefined;

/**
 * Lets people in who may be let in; the news of it. A subgroup's newcomers belong to the community and hear its
 * announcements from now on.
 */
export function enter(
  groups: Groups,
  group: Group,
  people: readonly Account[],
  by: Account | undefined,
  how?: Entrance,
): Notice[] {
  const fresh = people.filter(account => !group.members.has(account));
  if (fresh.length === 0) return [];
  const before = [...group.members.keys()];
  for (const account of fresh) groups.join(group, account);
  group.participantVersion++;
  const told: Notice[] = [
    { group, by, to: before, news: { type: 'add', people: fresh, reason: how } },
    // Who is new gets the group itself: Baileys makes `groups.upsert` of nothing else (protocol.md 11).
    { group, by, to: fresh, news: { type: 'create', reason: how } },
  ];
  if (!group.parent) return told;
  const announcements = groups.subgroups(group.parent).find(one => one.kind === 'announcements');
  const above = [group.parent, announcements].filter(one => one !== undefined && one !== group) as Group[];
  return [...told, ...above.flatMap(one => enter(groups, one, fresh, by, how))];
}

/** Takes people out; the news of it, for them as well. */
export function exit(groups: Groups, group: Group, people: readonly Account[], by: Account): Notice[] {
  const gone = people.filter(account => group.members.has(account));
  if (gone.length === 0) return [];
  for (const account of gone) groups.leave(group, account);
  group.participantVersion++;
  const notices = [toMembers(group, by, { type: 'remove', people: gone }, gone)];
  if (group.members.size === 0 && !group.seeded) {
    if (group.kind !== 'community') groups.remove(group);
    return notices;
  }
  return [...notices, ...succession(group)];
}

/** A group without an admin gets one: its oldest member. Real servers pick anybody [guessed]. */
function succession(group: Group): Notice[] {
  if ([...group.members.values()].some(role => role !== 'member')) return [];
  const [heir] = group.members.keys();
  if (!heir) return [];
  group.members.set(heir, 'admin');
  group.adminVersion++;
  return [toMembers(group, undefined, { type: 'promote', people: [heir] })];
}

export function add(scene: Scene, people: readonly Person[]): Outcome {
  const { groups, group, actor } = scene;
  requireMember(scene);
  const admin = isAdmin(group, actor);
  if (!admin && group.settings.memberAddMode === 'admin_add') throw forbidden();
  const asks = !admin && group.settings.approval;
  const room = { left: capacityLeft(group) };
  const entering = new Set<Account>();
  const asking = new Set<Account>();
  const results = people.map((person): PersonResult => {
    const account = person.account;
    if (!account) return { ...person, error: '404' };
    if (group.members.has(account) || entering.has(account)) return { ...person, error: '409' };
    if (!scene.mayAdd(account))
      return { ...person, error: '403', invite: newPersonalInvite(group, account, actor, scene.now) };
    if (room.left <= 0) return { ...person, error: '419' };
    if (asks) {
      asking.add(account);
      return { ...person, error: '202' };
    }
    room.left--;
    entering.add(account);
    return person;
  });
  const notices = enter(groups, group, [...entering], actor);
  if (asking.size > 0) {
    for (const account of asking)
      group.requests.set(account, { at: scene.now, method: 'non_admin_add', by: actor });
    const news = {
      type: 'created_membership_requests',
      people: [...asking],
      method: 'non_admin_add',
    } as const;
    notices.push(toAdmins(group, actor, news));
  }
  return { group, results, notices };
}

function capacityLeft(group: Group): number {
  return Math.max(0, capacity(group) - group.members.size);
}

export function remove(scene: Scene, people: readonly Person[]): Outcome {
  const { groups, group, actor } = scene;
  requireMember(scene);
  // Everybody may take themselves out.
  if (people.some(one => one.account !== actor)) requireAdmin(scene);
  const gone = new Set<Account>();
  const results = people.map((person): PersonResult => {
    const error = whyNot(group, person, gone);
    if (error !== undefined) return { ...person, error };
    const account = person.account as Account;
    if (group.members.get(account) === 'superadmin' && account !== actor) return { ...person, error: '405' };
    gone.add(account);
    return person;
  });
  const notices = exit(groups, group, [...gone], actor);
  for (const account of gone) if (account !== actor) group.removed.add(account);
  return { group, results, notices };
}

export function promote(scene: Scene, people: readonly Person[]): Outcome {
  return changeRole(scene, people, 'admin');
}

export function demote(scene: Scene, people: readonly Person[]): Outcome {
  return changeRole(scene, people, 'member');
}

function changeRole(scene: Scene, people: readonly Person[], role: 'admin' | 'member'): Outcome {
  const { group, actor } = scene;
  requireAdmin(scene);
  const changed = new Set<Account>();
  const results = people.map((person): PersonResult => {
    const error = whyNot(group, person, changed);
    if (error !== undefined) return { ...person, error };
    const account = person.account as Account;
    const now: Role | undefined = group.members.get(account);
    // Whoever made the group stays its admin until they leave.
    if (now === 'superadmin') return { ...person, error: role === 'admin' ? '409' : '405' };
    if (now === role) return { ...person, error: '409' };
    changed.add(account);
    return person;
  });
  if (changed.size === 0) return { group, results, notices: [] };
  for (const account of changed) group.members.set(account, role);
  group.adminVersion++;
  const type = role === 'admin' ? 'promote' : 'demote';
  return { group, results, notices: [toMembers(group, actor, { type, people: [...changed] })] };
}

/** 404 for nobody, 409 for who is no member or was named before. */
function whyNot(group: Group, { account }: Person, before: ReadonlySet<Account>): string | undefined {
  if (!account) return '404';
  return !group.members.has(account) || before.has(account) ? '409' : undefined;
}

export function leave(scene: Scene): Outcome {
  requireMember(scene);
  return { group: scene.group, notices: exit(scene.groups, scene.group, [scene.actor], scene.actor) };
}
