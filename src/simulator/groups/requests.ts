// Requests to be let in: an admin approves or rejects them, whoever asked takes them back.
import type { Account } from '../accounts/accounts.ts';
import { IqError } from '../stanzas/request.ts';
import { enter } from './belonging.ts';
import { type Outcome, type Person, type PersonResult, toAdmins } from './outcome.ts';
import { requireAdmin, type Scene, whyFull } from './rules.ts';

export function approve(scene: Scene, people: readonly Person[]): Outcome {
  const { groups, group, actor } = scene;
  requireAdmin(scene);
  const { results, accounts } = sorted(scene, people, (account, before) => whyFull(group, account, before));
  return { group, results, notices: enter(groups, group, accounts, actor) };
}

export function reject(scene: Scene, people: readonly Person[]): Outcome {
  requireAdmin(scene);
  return drop(scene, people);
}

/** Only one's own. Throws 403. */
export function cancel(scene: Scene, people: readonly Person[]): Outcome {
  if (people.some(person => person.account !== scene.actor)) throw new IqError(403);
  return drop(scene, people);
}

function drop(scene: Scene, people: readonly Person[]): Outcome {
  const { group, actor } = scene;
  const { results, accounts } = sorted(scene, people);
  for (const account of accounts) group.requests.delete(account);
  if (accounts.length === 0) return { group, results, notices: [] };
  // Clients tell a rejection from a withdrawal by who did it (Baileys `handleGroupNotification`).
  const news = { type: 'revoked_membership_requests', people: accounts } as const;
  return { group, results, notices: [toAdmins(group, actor, news, accounts)] };
}

/** Those who have asked, and everybody's result: 404 for who has not. */
function sorted(
  { group }: Scene,
  people: readonly Person[],
  whyNot: (account: Account, before: number) => string | undefined = () => undefined,
): { results: PersonResult[]; accounts: Account[] } {
  const accounts = new Set<Account>();
  const results = people.map((person): PersonResult => {
    const { account } = person;
    if (!account || !group.requests.has(account) || accounts.has(account)) return { ...person, error: '404' };
    const error = whyNot(account, accounts.size);
    if (error === undefined) accounts.add(account);
    return { ...person, error };
  });
  return { results, accounts: [...accounts] };
}
