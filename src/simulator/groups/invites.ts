// Coming in by invitation: by the group's link, or by one's own (a GroupInviteMessage, "v4").
import type { Account } from '../accounts/accounts.ts';
import { IqError } from '../stanzas/request.ts';
import { enter } from './belonging.ts';
import type { Group, Groups } from './groups.ts';
import type { Outcome, Person, PersonResult } from './outcome.ts';
import { toAdmins, toMembers } from './outcome.ts';
import { isAdmin, requireMember, requireRoom, type Scene } from './rules.ts';

/** The invite code. Throws 401 for a member who may not see it (whatsmeow ErrGroupInviteLinkUnauthorized). */
export function seeCode(scene: Scene): string {
  const { group, actor } = scene;
  requireMember(scene);
  if (group.settings.memberLinkMode === 'admin_link' && !isAdmin(group, actor)) throw new IqError(401);
  return group.inviteCode;
}

/** Whoever has the old link can do nothing with it any more. Throws 401 for a member who is no admin. */
export function resetCode(scene: Scene): Outcome {
  const { groups, group, actor } = scene;
  requireMember(scene);
  if (!isAdmin(group, actor)) throw new IqError(401);
  groups.resetCode(group);
  return { group, notices: [toMembers(group, actor, { type: 'invite' })] };
}

/**
 * The group behind a code, as one who may not be in it can see it. Throws 410 for a code that was reset and 406 for one
 * that never was (whatsmeow ErrInviteLinkRevoked, ErrInviteLinkInvalid), 436 while nobody joins by link, 423 for a
 * suspended group (whatsapp-rust InviteInfoError).
 */
export function behindCode(groups: Groups, code: string, now: number): Group {
  const group = groups.byCode(code);
  if (!group) throw groups.wasCode(code) ? new IqError(410) : new IqError(406);
  if (group.settings.suspended) throw new IqError(423);
  if (group.settings.growthLockedUntil > now) throw new IqError(436);
  return group;
}

/**
 * Joins by link, or asks to where an admin must approve. Throws 409 for a member, 405 for one whom an admin has removed,
 * 419 for a full group (whatsapp-rust GroupJoinError).
 */
export function join(scene: Scene, code: string): Outcome {
  const { groups, actor, now } = scene;
  const group = behindCode(groups, code, now);
  if (group.members.has(actor)) throw new IqError(409);
  if (group.removed.has(actor)) throw new IqError(405);
  requireRoom(group, actor);
  if (group.settings.approval) return ask({ ...scene, group }, 'invite_link');
  return { group, notices: enter(groups, group, [actor], actor, 'invite') };
}

/** Puts the actor on the list of those who want to come in; again is no news. */
export function ask(scene: Scene, method: 'invite_link' | 'linked_group_join'): Outcome {
  const { group, actor, now } = scene;
  if (group.requests.has(actor)) return { group, pending: true, notices: [] };
  group.requests.set(actor, { at: now, method, by: undefined });
  const news = { type: 'created_membership_requests', people: [actor], method } as const;
  return { group, pending: true, notices: [toAdmins(group, actor, news)] };
}

export interface Acceptance {
  readonly code: string;
  /** Unix seconds, as the invitation says. */
  readonly expiration: number;
  /** Who invited. */
  readonly inviter: Account | undefined;
}

/** Throws 410 for an invitation that is over, taken back or from one who is gone, 409 for a member. */
export function checkInvitation({ group, actor, now }: Scene, given: Acceptance): void {
  if (group.members.has(actor)) throw new IqError(409);
  const invite = group.invites.get(actor);
  const same =
    invite?.code === given.code && invite.by === given.inviter && invite.expiration === given.expiration;
  if (!invite || !same || invite.expiration <= now || !group.members.has(invite.by)) throw new IqError(410);
}

/** Accepts an invitation in person: nobody has to approve, and a removal is forgiven. */
export function accept(scene: Scene, given: Acceptance): Outcome {
  const { groups, group, actor } = scene;
  checkInvitation(scene, given);
  requireRoom(group, actor);
  return { group, notices: enter(groups, group, [actor], actor, 'invite') };
}

/** Takes invitations in person back: one's own, or as an admin anybody's. */
export function withdraw(scene: Scene, people: readonly Person[]): Outcome {
  const { group, actor } = scene;
  requireMember(scene);
  const results = people.map((person): PersonResult => {
    const invite = person.account && group.invites.get(person.account);
    if (!person.account || !invite) return { ...person, error: '404' };
    if (invite.by !== actor && !isAdmin(group, actor)) throw new IqError(403);
    group.invites.delete(person.account);
    return person;
  });
  return { group, results, notices: [] };
}
