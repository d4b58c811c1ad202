// What a phone tells a companion that has just been linked: app-state keys first, then history (protocol.md 14).
import type { Device } from '../accounts/accounts.ts';
import { keyShare } from '../app-state/key-ring.ts';
import { bootstrapChunks, wishesOf } from '../history/chunks.ts';
import { sendChunk } from '../history/send.ts';
import type { World } from '../world.ts';
import type { Phone } from './phone.ts';

/**
 * The order matters: keys must be there when the companion fetches its app state, which it does at the first history.
 * Resolves when everything is on its way; the companion counts as told only then, so that a simulator that stops in the
 * middle begins again.
 */
export async function bootstrap(world: World, phone: Phone, companion: Device): Promise<void> {
  phone.appState.prepare();
  await phone.sendPeer(companion, [keyShare(phone.appState.keys.all())]);
  for (const chunk of bootstrapChunks(world, phone, wishesOf(companion.props))) {
    const linked = phone.account.devices.get(companion.id) === companion;
    if (!linked || world.stopped.aborted) return;
    await sendChunk(world, phone, companion, chunk);
  }
  companion.bootstrapped = true;
  world.changed();
}
