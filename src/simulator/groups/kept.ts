// Groups as plain JSON and back.
import type { Account, Accounts } from '../accounts/accounts.ts';
import { byNumber, byPerson, numbersOf, peopleOf } from '../state/people.ts';
import type { Description, Group, Groups, JoinRequest, PersonalInvite, Role } from './groups.ts';
import type { Report } from './reports.ts';
import { defaultSettings } from './settings.ts';

type ByNumber<T> = Omit<T, 'by'> & { by: string | undefined };

export interface KeptGroup
  extends Omit<
    Group,
    | 'subjectBy'
    | 'members'
    | 'creator'
    | 'description'
    | 'requests'
    | 'invites'
    | 'removed'
    | 'reports'
    | 'parent'
  > {
  subjectBy: string | undefined;
  members: [string, Role][];
  creator: string | undefined;
  description: ByNumber<Description> | undefined;
  requests: [string, ByNumber<JoinRequest>][];
  invites: [string, ByNumber<PersonalInvite>][];
  removed: string[];
  reports: [string, ByNumber<Report>[]][];
  parent: string | undefined;
}

export function captureGroups(groups: Groups): KeptGroup[] {
  return [...groups.all()].map(group => ({
    ...group,
    subjectBy: group.subjectBy?.phone,
    members: byNumber(group.members),
    creator: group.creator?.phone,
    description: group.description && keep(group.description),
    requests: [...group.requests].map(([account, request]) => [account.phone, keep(request)]),
    invites: [...group.invites].map(([account, invite]) => [account.phone, keep(invite)]),
    removed: numbersOf(group.removed),
    reports: [...group.reports].map(([id, reports]) => [id, reports.map(keep)]),
    parent: group.parent?.jid,
  }));
}

function keep<T extends { by: Account | undefined }>(given: T): ByNumber<T> {
  return { ...given, by: given.by?.phone };
}

/** Fills empty groups; the accounts are there already. */
export function restoreGroups(groups: Groups, accounts: Accounts, kept: readonly KeptGroup[]): void {
  const who = (phone: string | undefined) => (phone === undefined ? undefined : accounts.byPhone(phone));
  const back = <T extends { by: string | undefined }>(given: T) => ({ ...given, by: who(given.by) });
  const map = <T, U>(entries: readonly [string, T][], value: (given: T) => U): Map<Account, U> =>
    new Map(byPerson(accounts, entries).map(([account, given]) => [account, value(given)]));
  const made = kept.map((one): [KeptGroup, Group] => [
    one,
    {
      ...one,
      subjectBy: who(one.subjectBy),
      settings: { ...defaultSettings, ...one.settings },
      members: new Map(byPerson(accounts, one.members)),
      creator: who(one.creator),
      description: one.description && back(one.description),
      requests: map(one.requests, back),
      invites: map(one.invites, invite => back(invite) as PersonalInvite),
      removed: new Set(peopleOf(accounts, one.removed)),
      reports: new Map(one.reports.map(([id, reports]) => [id, reports.map(one => back(one) as Report)])),
      parent: undefined,
    },
  ]);
  for (const [, group] of made) groups.add(group);
  for (const [one, group] of made) {
    const parent = groups.byJid(one.parent);
    if (parent) groups.link(group, parent);
  }
}
