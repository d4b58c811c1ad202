// Communities: a group without messages of its own whose subgroups share it (Baileys communities.ts, whatsmeow group.go
// LinkGroup, UnlinkGroup, whatsapp-rust wacore/src/iq/groups.rs). One subgroup is the announcements, which everybody of
// the community is in. Whoever is in a subgroup is in the community.
import type { Account } from '../accounts/accounts.ts';
import { IqError } from '../stanzas/request.ts';
import { announcementsOf, climb, enter, exit } from './belonging.ts';
import { type CreateRequest, create, type Founded, type Founding, founded } from './create.ts';
import type { Group, Groups } from './groups.ts';
import { ask } from './invites.ts';
import { type GroupResult, type Notice, type Outcome, toMembers } from './outcome.ts';
import {
  capacity,
  isAdmin,
  MAX_SUBGROUPS,
  requireAdmin,
  requireMember,
  requireRoom,
  type Scene,
} from './rules.ts';

export interface CommunityRequest extends CreateRequest {
  /** A subgroup named "General" besides the announcements. */
  readonly generalChat: boolean;
}

/** A community with its announcements, which have its name (protocol.md 11; whatsmeow ReqCreateGroup). */
export function createCommunity(founding: Founding, request: CommunityRequest): Founded {
  const made = create(founding, request, { kind: 'community' });
  const parent = made.group;
  const { groups, actor, now } = founding;
  const { addressing } = request;
  const members = [...parent.members.keys()].filter(account => account !== actor);
  const common = { addressing, creator: actor, members, parent, at: now };
  const subgroups = [
    groups.make({
      ...common,
      subject: parent.subject,
      kind: 'announcements',
      settings: { announcement: true },
    }),
  ];
  if (request.generalChat) subgroups.push(groups.make({ ...common, subject: 'General', kind: 'general' }));
  for (const group of subgroups) groups.add(group);
  return { ...made, notices: [...made.notices, ...subgroups.map(group => founded(group, actor))] };
}

/** A new group of a community. Throws 403 for who may not make one, 406 when there are too many. */
export function createSubgroup(founding: Founding, parent: Group, request: CreateRequest): Founded {
  const { groups, actor } = founding;
  if (!parent.members.has(actor)) throw new IqError(403);
  if (!isAdmin(parent, actor) && !parent.settings.nonAdminSubgroups) throw new IqError(403);
  requirePlace(groups, parent);
  const settings = { approval: parent.settings.defaultApproval, ...request.settings };
  const made = create(founding, { ...request, settings }, { parent });
  const above = climb(groups, made.group, [...made.group.members.keys()], actor);
  return { ...made, notices: [...made.notices, ...above, ...linked(groups, made.group, parent, actor)] };
}

function requirePlace(groups: Groups, parent: Group): void {
  if (parent.kind !== 'community') throw new IqError(406);
  const plain = groups.subgroups(parent).filter(one => one.kind !== 'announcements');
  if (plain.length >= MAX_SUBGROUPS) throw new IqError(406);
}

/** The news of a link, for both ends and for the community's other groups. */
function linked(groups: Groups, group: Group, parent: Group, by: Account): Notice[] {
  return [
    toMembers(group, by, { type: 'link', other: parent, as: 'parent_group' }),
    toMembers(parent, by, { type: 'link', other: group, as: 'sub_group' }),
    ...siblings(groups, group, parent).map(one =>
      toMembers(one, by, { type: 'link', other: group, as: 'sibling_group' }),
    ),
  ];
}

function siblings(groups: Groups, group: Group, parent: Group): Group[] {
  return groups.subgroups(parent).filter(one => one !== group && one.kind !== 'announcements');
}

/** Links groups to a community. Per group: 404, 403 for who is no admin of it, 409 when it is linked, 406 without room. */
export function link(scene: Scene, wanted: readonly NamedGroup[]): Outcome {
  const { groups, group: parent, actor } = scene;
  requireAdmin(scene);
  if (parent.kind !== 'community') throw new IqError(406);
  const notices: Notice[] = [];
  const results = wanted.map(({ asked, group }): GroupResult => {
    const error = whyNotLinked(scene, group);
    if (error !== undefined || !group) return { jid: group?.jid ?? asked, error };
    groups.link(group, parent);
    notices.push(...climb(groups, group, [...group.members.keys()], actor));
    notices.push(...linked(groups, group, parent, actor));
    return { jid: group.jid };
  });
  return { group: parent, linked: results, notices };
}

/** A group that a request names; `group` is which, if it is any. */
export interface NamedGroup {
  readonly asked: string;
  readonly group: Group | undefined;
}

function whyNotLinked({ groups, group: parent, actor }: Scene, group: Group | undefined): string | undefined {
  if (!group) return '404';
  if (!isAdmin(group, actor)) return '403';
  if (group.kind !== 'plain') return '406';
  if (group.parent) return '409';
  const fresh = [...group.members.keys()].filter(account => !parent.members.has(account)).length;
  const full = parent.members.size + fresh > capacity(parent);
  return full || groups.subgroups(parent).length > MAX_SUBGROUPS ? '406' : undefined;
}

/** Takes groups out of a community. Per group: 404 when it is none of its groups, 406 for the announcements. */
export function unlink(scene: Scene, wanted: readonly (NamedGroup & { orphans: boolean })[]): Outcome {
  const { groups, group: parent, actor } = scene;
  requireAdmin(scene);
  const notices: Notice[] = [];
  const results = wanted.map(({ asked, group, orphans }): GroupResult => {
    if (group?.parent !== parent) return { jid: group?.jid ?? asked, error: '404' };
    if (group.kind === 'announcements') return { jid: group.jid, error: '406' };
    notices.push(...parted(groups, group, parent, actor, 'unlink_group'));
    if (orphans) notices.push(...removeOrphans(groups, parent, group, actor));
    return { jid: group.jid };
  });
  return { group: parent, linked: results, notices };
}

function parted(
  groups: Groups,
  group: Group,
  parent: Group,
  by: Account | undefined,
  reason: string,
): Notice[] {
  const others = siblings(groups, group, parent);
  groups.unlink(group);
  const news = (other: Group, as: string) => ({ type: 'unlink', other, as, reason }) as const;
  return [
    toMembers(group, by, news(parent, 'parent_group')),
    toMembers(parent, by, news(group, 'sub_group')),
    ...others.map(one => toMembers(one, by, news(group, 'sibling_group'))),
  ];
}

/** Those who were in the community for that group alone leave it. Its admins stay. */
function removeOrphans(groups: Groups, parent: Group, group: Group, by: Account): Notice[] {
  const rest = groups.subgroups(parent).filter(one => one.kind !== 'announcements');
  const orphans = [...group.members.keys()].filter(
    account => !isAdmin(parent, account) && !rest.some(one => one.members.has(account)),
  );
  return [announcementsOf(groups, parent), parent].flatMap(one =>
    one ? exit(groups, one, orphans, by) : [],
  );
}

/** Ends a community: its groups go on by themselves, its announcements are gone. */
export function deactivate(scene: Scene): Outcome {
  const { groups, group: parent, actor } = scene;
  requireAdmin(scene);
  if (parent.kind !== 'community') throw new IqError(406);
  return { group: parent, notices: end(groups, parent, actor, 'delete_parent') };
}

/** A group is no more; a community's groups go on by themselves, its announcements do not. */
export function end(groups: Groups, group: Group, by: Account | undefined, reason: string): Notice[] {
  const notices: Notice[] = [];
  for (const below of groups.subgroups(group)) {
    notices.push(...parted(groups, below, group, by, 'delete_parent'));
    if (below.kind === 'announcements') notices.push(...end(groups, below, by, reason));
  }
  notices.push(toMembers(group, by, { type: 'delete', reason }));
  groups.remove(group);
  return notices;
}

/** Joins one of the community's groups, or asks to. Throws 404 for another group, 409 for a member, 419 for a full one. */
export function joinSubgroup(scene: Scene, group: Group | undefined): Outcome {
  const { groups, group: parent, actor } = scene;
  requireMember(scene);
  if (!group || group.parent !== parent) throw new IqError(404);
  if (group.members.has(actor)) throw new IqError(409);
  requireRoom(group, actor);
  const admin = isAdmin(parent, actor);
  if (group.removed.has(actor) && !admin) throw new IqError(405);
  if (group.settings.approval && !admin) return ask({ ...scene, group }, 'linked_group_join');
  return { group, notices: enter(groups, group, [actor], actor, 'linked_group_join') };
}

/** Everybody in any group of the community, each once. */
export function everybody(groups: Groups, parent: Group): Set<Account> {
  const people = new Set(parent.members.keys());
  for (const group of groups.subgroups(parent))
    for (const account of group.members.keys()) people.add(account);
  return people;
}
