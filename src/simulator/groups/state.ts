// Groups as plain JSON and back. People are their phone numbers.
import type { Account, Accounts } from '../accounts/accounts.ts';
import type { Description, Group, Groups, JoinRequest, PersonalInvite, Role } from './groups.ts';
import type { Report } from './reports.ts';
import { defaultSettings } from './settings.ts';

type Kept<T> = Omit<T, 'by'> & { by: string | undefined };

export interface GroupState
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
  description: Kept<Description> | undefined;
  requests: [string, Kept<JoinRequest>][];
  invites: [string, Kept<PersonalInvite>][];
  removed: string[];
  reports: [string, Kept<Report>[]][];
  parent: string | undefined;
}

export function captureGroups(groups: Groups): GroupState[] {
  return [...groups.all()].map(group => ({
    ...group,
    subjectBy: group.subjectBy?.phone,
    members: [...group.members].map(([account, role]) => [account.phone, role]),
    creator: group.creator?.phone,
    description: group.description && keep(group.description),
    requests: [...group.requests].map(([account, request]) => [account.phone, keep(request)]),
    invites: [...group.invites].map(([account, invite]) => [account.phone, keep(invite)]),
    removed: [...group.removed].map(account => account.phone),
    reports: [...group.reports].map(([id, reports]) => [id, reports.map(keep)]),
    parent: group.parent?.jid,
  }));
}

function keep<T extends { by: Account | undefined }>(given: T): Kept<T> {
  return { ...given, by: given.by?.phone };
}

/** Fills empty groups; the accounts are there already. */
export function restoreGroups(groups: Groups, accounts: Accounts, kept: readonly GroupState[]): void {
  const who = (phone: string | undefined) => (phone === undefined ? undefined : accounts.byPhone(phone));
  const back = <T extends { by: string | undefined }>(given: T) => ({ ...given, by: who(given.by) });
  function map<T, U>(entries: readonly [string, T][], value: (given: T) => U): Map<Account, U> {
    const found = entries.flatMap(([phone, given]): [Account, U][] => {
      const account = who(phone);
      return account ? [[account, value(given)]] : [];
    });
    return new Map(found);
  }
  const made = kept.map((one): [GroupState, Group] => [
    one,
    {
      ...one,
      subjectBy: who(one.subjectBy),
      settings: { ...defaultSettings, ...one.settings },
      members: map(one.members, role => role),
      creator: who(one.creator),
      description: one.description && back(one.description),
      requests: map(one.requests, back),
      invites: map(one.invites, invite => back(invite) as PersonalInvite),
      removed: new Set(one.removed.flatMap(phone => who(phone) ?? [])),
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
