// Making phones, and telling the server's account list about them.
import { quit } from '../groups/change.ts';
import { announce } from '../groups/notices.ts';
import { Phone } from '../phone/phone.ts';
import { freshSignalState } from '../phone/signal.ts';
import { Refused } from '../refused.ts';
import { generateKeyPair } from '../wire/crypto.ts';
import type { World } from '../world.ts';
import { type Account, ownPhone } from './accounts.ts';
import { announceIdentity, unlinkAll } from './device-list.ts';
import { withoutPlus } from './naming.ts';

/** The account of that number, made with its phone when it does not exist. Throws {@link Refused} for a bad number. */
export function ensureAccount(world: World, phone: string, name?: string): Account {
  const digits = checkedNumber(phone);
  const known = world.accounts.byPhone(digits);
  if (known) return known;
  const account = world.accounts.add({ phone: digits, name: name ?? `Phone ${digits}` });
  new Phone(world, account, freshSignalState(account.identity));
  world.events.tell({ kind: 'phone', change: 'added', phone: digits });
  world.changed();
  return account;
}

/** Digits without a plus. Throws {@link Refused}. */
export function checkedNumber(phone: string): string {
  const digits = withoutPlus(phone);
  if (!/^[1-9]\d{4,14}$/.test(digits))
    throw new Refused(400, 'a phone number is 5 to 15 digits, country code first');
  return digits;
}

/** The number is given up: its devices are unlinked, it leaves its groups, and nobody has it any more. */
export function removePhone(world: World, account: Account): void {
  unlinkAll(world, account);
  announce(world, quit(world, account));
  world.accounts.remove(account);
  world.profiles.forget(account);
  world.businesses.forget(account);
  world.channels.forget(account);
  world.events.tell({ kind: 'phone', change: 'removed', phone: account.phone });
  world.changed();
}

/**
 * WhatsApp is installed anew on the phone, over a backup of its chats: a new identity, so its companions are not its own
 * any more, and nobody's session with it works. Contacts are told.
 */
export async function reinstall(world: World, account: Account): Promise<void> {
  unlinkAll(world, account);
  account.identity = generateKeyPair();
  const phone = ownPhone(account);
  // Ids go on, so that a prekey of the new keys is never taken for one of the old.
  await phone?.reinstall(freshSignalState(account.identity, phone.signal.state.nextPreKeyId));
  announceIdentity(world, account);
  world.changed();
}

/** The phone of a number. Throws {@link Refused} when there is none. */
export function phoneOf(world: World, phone: string): Phone {
  const found = world.accounts.byPhone(withoutPlus(phone))?.devices.get(0)?.phone;
  if (!found) throw new Refused(404, `there is no phone ${phone}; POST /admin/phones makes one`);
  return found;
}
