// What a request about a group comes to: results for whoever asked, and news for those who are to hear of it.
// Decisions (create.ts, membership.ts, ...) make them; iqs.ts and notices.ts put them on the wire.
import type { Account } from '../accounts/accounts.ts';
import type { Group, JoinRequest, PersonalInvite } from './groups.ts';
import type { Settings } from './settings.ts';

/** Somebody that a request names: `asked` is how, `account` is who, if that is anybody. */
export interface Person {
  readonly asked: string;
  readonly account: Account | undefined;
}

/** What became of one of the people that a request named. */
export interface PersonResult extends Person {
  /** `404`, `409`, ... as clients show it; absent is done. */
  readonly error?: string | undefined;
  /** With 403: what an invitation in person needs. */
  readonly invite?: PersonalInvite | undefined;
}

/** What became of one of the groups that a request named. */
export interface GroupResult {
  readonly jid: string;
  readonly error?: string | undefined;
}

/** What happened in a group, as its members hear of it. Whatever else is told is read from the group. */
export type News =
  | {
      readonly type: 'create';
      readonly reason?: string | undefined;
      readonly fresh?: boolean;
      readonly key?: string | undefined;
    }
  | {
      readonly type: 'add' | 'remove' | 'promote' | 'demote' | 'linked_group_promote' | 'linked_group_demote';
      readonly people: readonly Account[];
      readonly reason?: string | undefined;
    }
  /** Somebody has another number; `before` is who that was, in the group's form. */
  | { readonly type: 'modify'; readonly people: readonly Account[]; readonly before: string }
  | { readonly type: 'subject' | 'invite' | 'reports' }
  | { readonly type: 'description'; readonly id: string }
  | { readonly type: 'setting'; readonly key: keyof Settings }
  | {
      readonly type: 'created_membership_requests';
      readonly people: readonly Account[];
      readonly method: JoinRequest['method'];
    }
  | { readonly type: 'revoked_membership_requests'; readonly people: readonly Account[] }
  | { readonly type: 'link' | 'unlink'; readonly other: Group; readonly as: string; readonly reason?: string }
  | { readonly type: 'delete'; readonly reason: string };

export interface Notice {
  readonly group: Group;
  /** Who did it; nobody when the server did. */
  readonly by: Account | undefined;
  readonly to: Iterable<Account>;
  readonly news: News;
}

export interface Outcome {
  readonly group: Group;
  readonly results?: readonly PersonResult[];
  /** What became of the groups that were to be linked or unlinked. */
  readonly linked?: readonly GroupResult[];
  /** The actor is not in yet: an admin has to approve. */
  readonly pending?: boolean;
  readonly notices: readonly Notice[];
}

/** A notice for everybody who is a member at this moment, and for `also`. */
export function toMembers(
  group: Group,
  by: Account | undefined,
  news: News,
  also: Iterable<Account> = [],
): Notice {
  return { group, by, news, to: new Set([...group.members.keys(), ...also]) };
}

/** A notice for everybody who is an admin at this moment, and for `also`. */
export function toAdmins(
  group: Group,
  by: Account | undefined,
  news: News,
  also: Iterable<Account> = [],
): Notice {
  const admins = [...group.members].flatMap(([account, role]) => (role === 'member' ? [] : [account]));
  return { group, by, news, to: new Set([...admins, ...also]) };
}
