// A person calls itself something else: others get the name with the next message.
import type { World } from '../world.ts';
import type { Account } from './accounts.ts';

/** Another push name. Clients tell theirs at every login, so it is often the one that is known. */
export function rename(world: World, account: Account, name: string): void {
  if (account.name === name) return;
  world.accounts.rename(account, name);
  world.events.tell({ kind: 'phone', change: 'renamed', phone: account.phone });
  world.changed();
}
