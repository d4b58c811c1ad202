// Notifications that the server starts itself, for the companions of an account: at once, or when they are back. Phones are
// their account's and know.
import { type Account, accountJid, companionsOf, type Device } from '../accounts/accounts.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

type Attrs = Readonly<Record<string, string | undefined>>;

/** `<notification>` with an id of its own and the time. */
export function notification(world: World, attrs: Attrs, content: BinaryNode[]): BinaryNode {
  return node('notification', { id: world.nextId(), t: world.clock.seconds(), ...attrs }, content);
}

/** Puts one stanza into the queue of every companion of an account; `not` is left out. */
export function pushTo(world: World, account: Account, stanza: BinaryNode, not?: Device): void {
  for (const device of companionsOf(account)) if (device !== not) device.mailbox.push(stanza);
  world.changed();
}

/** A notification for the companions of an account; `not` is left out. */
export function notify(world: World, to: Account, attrs: Attrs, content: BinaryNode[], not?: Device): void {
  pushTo(world, to, notification(world, attrs, content), not);
}

/** Tells an account's other devices what one of them, or the phone, has changed (whatsmeow handleAccountSync). */
export function accountSync(world: World, account: Account, changed: BinaryNode, by?: Device): void {
  notify(world, account, { from: accountJid(account), type: 'account_sync' }, [changed], by);
}

/** JSON under the name of an operation, as mex tells of what it would answer (Baileys messages-recv.ts handleMexNotification). */
export function notifyMex(
  world: World,
  to: Account,
  from: string,
  operation: string,
  told: object,
  not?: Device,
): void {
  const update = node('update', { op_name: operation }, Buffer.from(JSON.stringify(told)));
  notify(world, to, { from, type: 'mex' }, [update], not);
}
