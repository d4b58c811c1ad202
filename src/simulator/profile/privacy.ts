// Who may see or do what: the one place that weighs privacy settings, address books and block lists.
import type { Account } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import type { Category } from './privacy-values.ts';

/** May `viewer` see this of `owner`, or do this to it? One's own devices always may, the blocked never. */
export function allows(world: World, owner: Account, viewer: Account, category: Category): boolean {
  if (owner === viewer) return true;
  const profile = world.profiles.of(owner);
  if (profile.blocked.has(viewer)) return false;
  const value = profile.privacy.get(category);
  const contact = profile.contacts.has(viewer);
  switch (value) {
    case 'none':
      return false;
    case 'contacts':
      return contact;
    // Somebody one wrote to, or in the address book.
    case 'known':
      return contact || profile.wroteTo.has(viewer);
    case 'contact_blacklist':
      return contact && !profile.lists.get(category)?.has(viewer);
    case 'contact_allowlist':
      return profile.lists.get(category)?.has(viewer) === true;
    case 'match_last_seen':
      return allows(world, owner, viewer, 'last');
    default:
      return true;
  }
}

/** Nothing of a blocked person reaches whoever blocked: no message, no typing, no call. */
export function isBlocked(world: World, by: Account, who: Account): boolean {
  return by !== who && world.profiles.of(by).blocked.has(who);
}

/**
 * Is this receipt of one person kept from another? `read-self` is for the reader's own devices; `read` is given and
 * taken, so with receipts off on either side nobody is told (WhatsApp's own help page). Not for groups.
 */
export function hidesReading(
  world: World,
  type: string | undefined,
  reader: Account,
  author: Account,
): boolean {
  if (reader === author) return false;
  const off = (account: Account) => world.profiles.of(account).privacy.get('readreceipts') === 'none';
  return type === 'read-self' || type === 'played-self' || (type === 'read' && (off(reader) || off(author)));
}
