// Coming into groups and going out of them, with what follows from it: a subgroup's people belong to its community, a
// group without an admin gets one, a group without members is no more.
import type { Account } from '../accounts/accounts.ts';
import type { Group, Groups } from './groups.ts';
import { type Notice, toMembers } from './outcome.ts';

/** How somebody came in, as the `reason` of the news. Nothing for an admin's hand. */
export type Entrance = 'invite' | 'linked_group_join' | undefined;

/** Lets people in; the news of it. */
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
  return [...told, ...climb(groups, group, fresh, by)];
}

/** Whoever is in a subgroup is in the community, and whoever is in the community hears its announcements. */
export function climb(
  groups: Groups,
  group: Group,
  people: readonly Account[],
  by: Account | undefined,
): Notice[] {
  const next = group.kind === 'community' ? announcementsOf(groups, group) : group.parent;
  return next ? enter(groups, next, people, by, 'linked_group_join') : [];
}

export function announcementsOf(groups: Groups, community: Group): Group | undefined {
  return groups.subgroups(community).find(one => one.kind === 'announcements');
}

/** Takes people out; the news of it, for them as well. */
export function exit(groups: Groups, group: Group, people: readonly Account[], by: Account): Notice[] {
  const gone = people.filter(account => group.members.has(account));
  if (gone.length === 0) return [];
  for (const account of gone) groups.leave(group, account);
  group.participantVersion++;
  const notices = [toMembers(group, by, { type: 'remove', people: gone }, gone)];
  if (group.members.size === 0 && !group.seeded) {
    groups.remove(group);
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

/** Takes people out of a community and of all of its groups. */
export function exitAll(groups: Groups, parent: Group, people: readonly Account[], by: Account): Notice[] {
  return [...groups.subgroups(parent), parent].flatMap(one => exit(groups, one, people, by));
}
