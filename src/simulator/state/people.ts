// People in the state file: they are their numbers, and those who are gone when it is read are left out.
import type { Account, Accounts } from '../accounts/accounts.ts';

export function numbersOf(people: Iterable<Account>): string[] {
  return [...people].map(account => account.phone);
}

export function peopleOf(accounts: Accounts, numbers: readonly string[]): Account[] {
  return numbers.flatMap(phone => accounts.byPhone(phone) ?? []);
}

export function byNumber<T>(entries: Iterable<readonly [Account, T]>): [string, T][] {
  return [...entries].map(([account, value]) => [account.phone, value]);
}

export function byPerson<T>(accounts: Accounts, entries: readonly (readonly [string, T])[]): [Account, T][] {
  return entries.flatMap(([phone, value]): [Account, T][] => {
    const account = accounts.byPhone(phone);
    return account ? [[account, value]] : [];
  });
}
