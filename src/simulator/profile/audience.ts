// Handing notifications to companions: one's own, or of those who know an account.
import { type Account, accountJid, type Device } from '../accounts/accounts.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** A notification for the companions of an account, now or when they are back; `not` is left out. */
export function notify(
  world: World,
  to: Account,
  attrs: Readonly<Record<string, string | undefined>>,
  content: BinaryNode[],
  not?: Device,
): void {
  const stanza = node('notification', { id: world.nextId(), t: world.clock.seconds(), ...attrs }, content);
  for (const device of to.devices.values()) {
    if (device.id !== 0 && device !== not) device.mailbox.push(stanza);
  }
  world.changed();
}

/** Tells an account's other devices what one of them, or the phone, has changed (whatsmeow handleAccountSync). */
export function accountSync(world: World, account: Account, changed: BinaryNode, by?: Device): void {
  notify(world, account, { from: accountJid(account), type: 'account_sync' }, [changed], by);
}

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
