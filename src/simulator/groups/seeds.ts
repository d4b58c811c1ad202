// Groups that are there from the start, and that every account with a linked device is in: Baileys' own end-to-end
// suite looks for one named "Baileys Group Test" with a client that it has just paired (protocol.md 17).
import type { Account } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import { enter } from './belonging.ts';
import { announce } from './notices.ts';
import { whyFull } from './rules.ts';

/** Makes those that a state file has not brought back. */
export function seedGroups(world: World, subjects: readonly string[]): void {
  const there = new Set([...world.groups.seeded()].map(group => group.subject));
  for (const subject of subjects) {
    if (there.has(subject)) continue;
    const { newAddressing: addressing } = world.groups;
    world.groups.add(world.groups.make({ subject, addressing, seeded: true, at: world.clock.unixSeconds() }));
  }
  for (const account of world.accounts.all()) if (account.devices.size > 1) joinSeeded(world, account);
}

/** An account that has linked a device is in every seeded group that has room; the first one is its admin. */
export function joinSeeded(world: World, account: Account): void {
  for (const group of world.groups.seeded()) {
    if (group.members.has(account) || whyFull(group, account)) continue;
    const first = group.members.size === 0;
    const notices = enter(world.groups, group, [account], undefined);
    if (first) group.members.set(account, 'admin');
    announce(world, notices);
  }
}
