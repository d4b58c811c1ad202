// Groups: who is in them and in which form members see each other (protocol.md 11). Plain state; what a request may
// change, and who hears of it, is decided by those who call.
import type { Account } from '../accounts/accounts.ts';
import type { Domain } from '../wire/jid.ts';

export type Role = 'member' | 'admin' | 'superadmin';

export interface Group {
  /** `1203…@g.us`. */
  readonly jid: string;
  subject: string;
  /** In which form members are named on the wire, for the group's whole life: sender keys are stored under it. */
  readonly addressing: Domain;
  readonly members: Map<Account, Role>;
}

export class Groups {
  readonly #byJid = new Map<string, Group>();
  readonly #ofAccount = new Map<Account, Set<Group>>();

  all(): IterableIterator<Group> {
    return this.#byJid.values();
  }

  byJid(jid: string | undefined): Group | undefined {
    return jid === undefined ? undefined : this.#byJid.get(jid);
  }

  /** The groups of which this account is a member. */
  of(account: Account): Iterable<Group> {
    return this.#ofAccount.get(account) ?? [];
  }

  add(group: Group): void {
    this.#byJid.set(group.jid, group);
    for (const account of group.members.keys()) this.#index(group, account);
  }

  remove(group: Group): void {
    this.#byJid.delete(group.jid);
    for (const account of group.members.keys()) this.#ofAccount.get(account)?.delete(group);
  }

  join(group: Group, account: Account, role: Role = 'member'): void {
    group.members.set(account, role);
    this.#index(group, account);
  }

  leave(group: Group, account: Account): void {
    group.members.delete(account);
    this.#ofAccount.get(account)?.delete(group);
  }

  #index(group: Group, account: Account): void {
    const groups = this.#ofAccount.get(account);
    if (groups) groups.add(group);
    else this.#ofAccount.set(account, new Set([group]));
  }
}
