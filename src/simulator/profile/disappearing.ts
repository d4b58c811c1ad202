// xmlns `disappearing_mode`: the timer of new chats (Baileys chats.ts updateDefaultDisappearingMode).
import { type Account, accountJid, type Device } from '../accounts/accounts.ts';
import { accountSync, notify } from '../delivery/notify.ts';
import { type Answer, IqError } from '../stanzas/request.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { acquaintances } from './audience.ts';

/** A year; the apps offer 1, 7 and 90 days. */
const MAX_SECONDS = 31_536_000;

const set: Answer = ({ world, device, content, after }) => {
  const given = content?.attrs.duration ?? '';
  const duration = Number(given);
  if (!/^\d+$/.test(given) || duration > MAX_SECONDS) throw new IqError(400);
  after(() => setDisappearing(world, device.account, duration, device));
  return [];
};

/** Sets the default timer in seconds; other devices and acquaintances hear of it (whatsapp-rust handlers/notification). */
export function setDisappearing(world: World, account: Account, duration: number, by?: Device): void {
  world.profiles.of(account).disappearing = { duration, t: Number(world.clock.seconds()) };
  world.changed();
  const told = disappearingNode(world, account);
  accountSync(world, account, told, by);
  const attrs = { from: accountJid(account), type: 'disappearing_mode' };
  for (const other of acquaintances(world, account)) notify(world, other, attrs, [told]);
}

export function disappearingNode(world: World, account: Account | undefined): BinaryNode {
  const { duration, t } = account ? world.profiles.of(account).disappearing : { duration: 0, t: 0 };
  return node('disappearing_mode', { duration: String(duration), t: String(t) });
}

export const disappearingIqs: Readonly<Record<string, Answer>> = {
  'disappearing_mode/set/disappearing_mode': set,
};
