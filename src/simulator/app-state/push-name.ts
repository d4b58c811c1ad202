// A person's name is app state as well: it is how the companions hear of it.
import { type Account, ownPhone } from '../accounts/accounts.ts';
import { rename } from '../accounts/rename.ts';
import type { World } from '../world.ts';

/** The person calls itself something else, on the phone. Companions hear of it where there are any with app state. */
export function renameOnPhone(world: World, account: Account, name: string): void {
  rename(world, account, name);
  const state = ownPhone(account)?.appState;
  if (state && state.replica('critical_block').version > 0) state.ensurePushName();
}
