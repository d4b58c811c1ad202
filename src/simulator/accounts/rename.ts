import type { World } from '../world.ts';
import type { Account } from './accounts.ts';

/** Another push name: others get it with the next message. */
export function rename(world: World, account: Account, name: string): void {
  if (account.name === name) return;
  world.accounts.rename(account, name);
  world.events.tell({ kind: 'phone', change: 'renamed', phone: account.phone });
  world.changed();
}
