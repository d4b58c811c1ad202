// An account that wrote to too many strangers may start no chats for a while (Baileys socket.ts
// fetchAccountReachoutTimelock, messages-recv.ts handleReachoutTimelockNotification).
import type { Account } from '../accounts/accounts.ts';
import { notifyMex } from '../delivery/notify.ts';
import { SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** Locks for so many seconds, or lifts it; the account's devices are told. */
export function setTimelock(
  world: World,
  account: Account,
  lock: { seconds: number; type: string } | null,
): void {
  world.profiles.of(account).timelock = lock
    ? { until: Number(world.clock.seconds()) + lock.seconds, type: lock.type }
    : undefined;
  world.changed();
  const data = { xwa2_notify_account_reachout_timelock: describeTimelock(world, account) };
  notifyMex(world, account, SERVER, 'NotificationUserReachoutTimelockUpdate', { data });
}

/** As clients read it, in answers and notifications alike. */
export function describeTimelock(world: World, account: Account) {
  const lock = world.profiles.of(account).timelock;
  if (!lock || lock.until <= world.clock.now() / 1000) return { is_active: false };
  return { is_active: true, time_enforcement_ends: String(lock.until), enforcement_type: lock.type };
}
