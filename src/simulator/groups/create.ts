// Making groups.
import type { Account } from '../accounts/accounts.ts';
import { IqError } from '../stanzas/request.ts';
import type { Domain } from '../wire/jid.ts';
import { type Description, type Group, type GroupKind, type Groups, newPersonalInvite } from './groups.ts';
import type { Notice, Outcome, Person, PersonResult } from './outcome.ts';
import { checkedDescription, checkedSubject, MAX_MEMBERS } from './rules.ts';
import type { Settings } from './settings.ts';

export interface CreateRequest {
  readonly subject: string;
  readonly people: readonly Person[];
  readonly addressing: Domain;
  readonly settings?: Partial<Settings>;
  readonly description?: { readonly id: string; readonly text: string } | undefined;
  /** Made by the client; comes back to it with the news. */
  readonly key?: string | undefined;
}

/** What a creation is decided from: there is no group yet. */
export interface Founding {
  readonly groups: Groups;
  readonly actor: Account;
  readonly now: number;
  readonly mayAdd: (person: Account) => boolean;
}

/** What a creation comes to: `failed` are those who could not be let in. */
export interface Founded extends Outcome {
  readonly failed: readonly PersonResult[];
}

/** A new group with whoever may be in it. Throws 406 for a subject or a number of people that groups cannot have. */
export function create(
  founding: Founding,
  request: CreateRequest,
  place: { readonly kind?: GroupKind; readonly parent?: Group } = {},
): Founded {
  const { groups, actor, now } = founding;
  const subject = checkedSubject(request.subject);
  const description = request.description && written(request.description, actor, now);
  if (request.people.length >= MAX_MEMBERS) throw new IqError(406);
  const invited: PersonResult[] = [];
  const members = new Set<Account>();
  const refused = new Set<Account>();
  for (const person of request.people) {
    const account = person.account;
    if (!account) invited.push({ ...person, error: '404' });
    else if (account === actor || members.has(account))
      continue; // phones name themselves at times
    else if (founding.mayAdd(account)) members.add(account);
    else refused.add(account);
  }
  const { addressing, settings = {} } = request;
  const group = groups.make({ subject, addressing, creator: actor, members, settings, at: now, ...place });
  group.description = description;
  groups.add(group);
  for (const { asked, account } of request.people) {
    if (account && refused.delete(account)) {
      invited.push({ asked, account, error: '403', invite: newPersonalInvite(group, account, actor, now) });
    }
  }
  return { group, failed: invited, notices: [founded(group, actor, request.key)] };
}

function written(given: { id: string; text: string }, by: Account, at: number): Description | undefined {
  const text = checkedDescription(given.text);
  return text === '' ? undefined : { id: given.id, text, by, at };
}

/** Everybody hears of a new group, its maker too: Baileys makes `groups.upsert` of it (protocol.md 11). */
export function founded(group: Group, by: Account | undefined, key?: string): Notice {
  return { group, by, to: [...group.members.keys()], news: { type: 'create', fresh: true, key } };
}
