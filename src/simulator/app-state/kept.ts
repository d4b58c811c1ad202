// App state in the state file: the phone's keys and the server's patches. Replicas are read again from these.
import type { Account } from '../accounts/accounts.ts';
import type { Phone } from '../phone/phone.ts';
import { fromBase64, toBase64 } from '../state/base64.ts';
import type { World } from '../world.ts';
import { isCollectionName } from './collections.ts';

/** Base64 throughout. */
export interface KeptAppState {
  keys: { id: string; data: string }[];
  /** Encoded patches by collection, in order. */
  patches: Record<string, string[]>;
}

export function captureAppState(world: World, phone: Phone): KeptAppState {
  const filled = [...world.appState.filled(phone.account)];
  return {
    keys: phone.appState.keys.all().map(key => ({ id: toBase64(key.id), data: toBase64(key.data) })),
    patches: Object.fromEntries(
      filled.map(collection => [collection.name, collection.after(0, collection.version).map(toBase64)]),
    ),
  };
}

export function restoreAppState(
  world: World,
  account: Account,
  phone: Phone,
  kept: KeptAppState | undefined,
): void {
  for (const key of kept?.keys ?? [])
    phone.appState.keys.add({ id: fromBase64(key.id), data: fromBase64(key.data) });
  for (const [name, patches] of Object.entries(kept?.patches ?? {})) {
    if (!isCollectionName(name)) continue;
    const collection = world.appState.of(account, name);
    for (const patch of patches) collection.restore(fromBase64(patch));
    collection.kept = collection.version;
  }
}
