// Who is in a group, and as what: adding, removing, promoting, demoting, leaving.
import type { Account } from '../accounts/accounts.ts';
import { IqError } from '../stanzas/request.ts';
import { announcementsOf, enter, exit, exitAll } from './belonging.ts';
import { type Group, newPersonalInvite, type Role } from './groups.ts';
import { type Notice, type Outcome, type Person, type PersonResult, toAdmins, toMembers } from './outcome.ts';
import { isAdmin, requireAdmin, requireMember, type Scene, whyFull } from './rules.ts';

export function add(scene: Scene, people: readonly Person[]): Outcome {
  const { groups, group, actor } = scene;
  requireMember(scene);
  const admin = isAdmin(group, actor);
  if (!admin && group.settings.memberAddMode === 'admin_add') throw new IqError(403);
  const asks = !admin && group.settings.approval;
  const entering = new Set<Account>();
  const asking = new Set<Account>();
  const results = people.map((person): PersonResult => {
    const account = person.account;
    if (!account) return { ...person, error: '404' };
    if (group.members.has(account) || entering.has(account)) return { ...person, error: '409' };
    if (!scene.mayAdd(account))
      return { ...person, error: '403', invite: newPersonalInvite(group, account, actor, scene.now) };
    const full = whyFull(group, account, entering.size);
    if (full !== undefined) return { ...person, error: full };
    if (asks) {
      asking.add(account);
      return { ...person, error: '202' };
    }
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
  const whole = communityOf(group);
  const notices = whole ? exitAll(groups, whole, [...gone], actor) : exit(groups, group, [...gone], actor);
  for (const account of gone) if (account !== actor) (whole ?? group).removed.add(account);
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
  const type = role === 'admin' ? 'promote' : 'demote';
  const notices = [give(group, actor, role, changed, type)];
  // Whoever runs the community writes its announcements.
  const below = group.kind === 'community' && announcementsOf(scene.groups, group);
  if (below) notices.push(give(below, actor, role, changed, `linked_group_${type}`));
  return { group, results, notices };
}

function give(
  group: Group,
  by: Account,
  role: Role,
  people: ReadonlySet<Account>,
  type: 'promote' | 'demote' | 'linked_group_promote' | 'linked_group_demote',
): Notice {
  for (const account of people) if (group.members.has(account)) group.members.set(account, role);
  group.adminVersion++;
  return toMembers(group, by, { type, people: [...people] });
}

/** 404 for nobody, 409 for who is no member or was named before. */
function whyNot(group: Group, { account }: Person, before: ReadonlySet<Account>): string | undefined {
  if (!account) return '404';
  return !group.members.has(account) || before.has(account) ? '409' : undefined;
}

/** Who leaves a community, or its announcements, leaves all of its groups. */
export function leave(scene: Scene): Outcome {
  const { groups, group, actor } = scene;
  requireMember(scene);
  const whole = communityOf(group);
  const notices = whole ? exitAll(groups, whole, [actor], actor) : exit(groups, group, [actor], actor);
  return { group, notices };
}

/** The community that one cannot be out of and still be in this group. */
function communityOf(group: Group): Group | undefined {
  if (group.kind === 'community') return group;
  return group.kind === 'announcements' ? group.parent : undefined;
}
