// A person who takes another number, and who hears of it.
import { notify } from '../delivery/notify.ts';
import { renumbered } from '../groups/change.ts';
import { announce } from '../groups/notices.ts';
import { Refused } from '../refused.ts';
import { node, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { type Account, accountJid } from './accounts.ts';
import { unlinkAll } from './device-list.ts';
import { checkedNumber } from './phones.ts';

/**
 * The person takes another number: linked devices are logged out, groups and those who know the account hear of it
 * (Baileys `handleGroupNotification` modify, whatsapp-rust src/handlers/notification contacts modify). Throws
 * {@link Refused} for a bad number or one that somebody has.
 */
export function changeNumber(world: World, account: Account, to: string): void {
  const phone = checkedNumber(to);
  if (world.accounts.byPhone(phone)) throw new Refused(409, `somebody has ${phone} already`);
  unlinkAll(world, account);
  const before = { old: accountJid(account), old_lid: accountJid(account, 'lid') };
  world.accounts.renumber(account, phone);
  announce(world, renumbered(world, account, before));
  const after = { new: accountJid(account), new_lid: accountJid(account, 'lid') };
  const change = node('modify', { ...before, ...after });
  for (const watcher of account.watchers)
    notify(world, watcher, { from: SERVER, type: 'contacts' }, [change]);
  world.events.tell({ kind: 'phone', change: 'renamed', phone });
  world.changed();
}
