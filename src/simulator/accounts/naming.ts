// How people and chats are named from outside, by the control plane and by scripts: digits with or without a plus, or a JID.
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import type { Account } from './accounts.ts';

/** A number as accounts have it. */
export function withoutPlus(number: string): string {
  return number.replace(/^\+/, '');
}

/** The digits of a number; undefined for a JID. */
function digitsIn(name: string): string | undefined {
  return /^\+?\d+$/.test(name) ? withoutPlus(name) : undefined;
}

/** Whose number it is, or whose JID, in either form and with or without a device. */
export function accountNamed(world: World, name: string): Account | undefined {
  const digits = digitsIn(name);
  return digits === undefined ? world.accounts.byJid(name) : world.accounts.byPhone(digits);
}

/** As {@link accountNamed}. Throws {@link Refused} 404 when it is nobody. */
export function personNamed(world: World, name: string): Account {
  const account = accountNamed(world, name);
  if (!account) throw new Refused(404, `nobody has ${name}`);
  return account;
}

/** The JID of a chat: of a person in number form where it is a number; a JID (of a group, `status@broadcast`) stays. */
export function chatNamed(name: string): string {
  const digits = digitsIn(name);
  return digits === undefined ? name : `${digits}@s.whatsapp.net`;
}
