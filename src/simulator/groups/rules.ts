// Who may do what in a group, and how large things may be. Codes are those that clients know: 403 for who is no member
// or no admin, 401 for a link that only admins may see (whatsmeow group.go ErrNotInGroup, ErrGroupInviteLinkUnauthorized),
// 406 for what is too long (whatsmeow ReqCreateGroup).
import type { Account } from '../accounts/accounts.ts';
import { IqError } from '../stanzas/request.ts';
import type { Group, Groups } from './groups.ts';

/** Characters (whatsapp-rust GROUP_SUBJECT_MAX_LENGTH, GROUP_DESCRIPTION_MAX_LENGTH). */
const MAX_SUBJECT = 100;
export const MAX_DESCRIPTION = 2_048;
/** Members of a group, as phones allow today. A community's announcements take all of the community. */
export const MAX_MEMBERS = 1_024;
const MAX_COMMUNITY_MEMBERS = 5_000;
/** Groups of a community, its announcements excepted. */
export const MAX_SUBGROUPS = 100;

/** What a decision is made from. */
export interface Scene {
  readonly groups: Groups;
  readonly group: Group;
  readonly actor: Account;
  /** Unix seconds. */
  readonly now: number;
  /** Whether that person's privacy lets the actor add them (`groupadd`). */
  readonly mayAdd: (person: Account) => boolean;
}

export function isAdmin(group: Group, account: Account): boolean {
  const role = group.members.get(account);
  return role === 'admin' || role === 'superadmin';
}

/** An admin of the group, or of the community that it belongs to. */
function governs(group: Group, account: Account): boolean {
  return isAdmin(group, account) || (group.parent !== undefined && isAdmin(group.parent, account));
}

/** Members write, unless the group is for announcements: then only its admins and those of its community. */
export function mayWrite(group: Group, account: Account): boolean {
  return (
    group.members.has(account) &&
    !group.settings.suspended &&
    (!group.settings.announcement || governs(group, account))
  );
}

/** Throws 403. */
export function requireMember({ group, actor }: Scene): void {
  if (!group.members.has(actor)) throw new IqError(403);
}

/** Throws 403. */
export function requireAdmin(scene: Scene): void {
  requireMember(scene);
  if (!isAdmin(scene.group, scene.actor)) throw new IqError(403);
}

export function capacity(group: Group): number {
  return group.kind === 'community' || group.kind === 'announcements' ? MAX_COMMUNITY_MEMBERS : MAX_MEMBERS;
}

/**
 * Why one more does not fit: 419 for a full group, 412 for a full community (whatsapp-rust GroupJoinError). `entering`
 * others come in with them.
 */
export function whyFull(group: Group, account: Account, entering = 0): '419' | '412' | undefined {
  if (group.members.size + entering >= capacity(group)) return '419';
  const { parent } = group;
  const joins = parent && !parent.members.has(account);
  return joins && parent.members.size + entering >= capacity(parent) ? '412' : undefined;
}

/** Throws 419 or 412. */
export function requireRoom(group: Group, account: Account): void {
  const full = whyFull(group, account);
  if (full !== undefined) throw new IqError(full === '419' ? 419 : 412);
}

/** A subject without blanks around it. Throws 406 for one that is empty or too long. */
export function checkedSubject(text: string): string {
  const subject = text.trim();
  if (subject === '' || [...subject].length > MAX_SUBJECT) throw new IqError(406);
  return subject;
}

/** As {@link checkedSubject}, and an empty one is no description. */
export function checkedDescription(text: string): string {
  const description = text.trim();
  if ([...description].length > MAX_DESCRIPTION) throw new IqError(406);
  return description;
}

/** Whoever may change what the group says about itself: everybody, or in a locked group its admins. */
export function mayEdit(group: Group, account: Account): boolean {
  return group.settings.locked ? isAdmin(group, account) : group.members.has(account);
}

/** Throws 403. */
export function requireEditor({ group, actor }: Scene): void {
  if (!mayEdit(group, actor)) throw new IqError(403);
}
