// Who would show a change of an account.
import type { Account } from '../accounts/accounts.ts';
import type { World } from '../world.ts';

/**
 * Those who have something to do with an account: they asked for its devices, have it in their address book, or wrote to
 * it. The real rule is not in any reference; this is who would show the change [guessed].
 */
export function acquaintances(world: World, account: Account): Set<Account> {
  const profile = world.profiles.of(account);
  const known = new Set([...account.watchers, ...profile.knownBy, ...profile.wroteTo]);
  known.delete(account);
  return known;
}
