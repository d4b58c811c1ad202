// How many chats an account may start: set through the control plane, counted here, told and enforced (Baileys socket.ts
// fetchNewChatMessageCap, messages-recv.ts handleMessageCappingNotification). When the real server counts is in no
// reference: here a chat is new when neither side has written in it [guessed].
import type { Account } from '../accounts/accounts.ts';
import { notifyMex } from '../delivery/notify.ts';
import { SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';

export interface NewChatQuota {
  readonly total: number;
  readonly used: number;
  /** Unix seconds. */
  readonly since: number;
}

const CYCLE_SECONDS = 30 * 86_400;

/** Sets the quota anew, or lifts it; the account's devices are told. */
export function setNewChatQuota(world: World, account: Account, total: number | null): void {
  const since = Number(world.clock.seconds());
  world.profiles.of(account).newChats = total === null ? undefined : { total, used: 0, since };
  world.changed();
  tell(world, account);
}

/** Writes down that a message of `from` opened a chat with `to`, unless the other side had opened it. */
export function startChat(world: World, from: Account, to: Account): void {
  const profile = world.profiles.of(from);
  if (profile.wroteTo.has(to)) return;
  profile.wroteTo.add(to);
  if (!profile.newChats || world.profiles.of(to).wroteTo.has(from)) return;
  const before = statusOf(profile.newChats);
  profile.newChats = { ...profile.newChats, used: profile.newChats.used + 1 };
  if (statusOf(profile.newChats) !== before) tell(world, from);
}

export function isCapped(world: World, account: Account): boolean {
  const { newChats } = world.profiles.of(account);
  return newChats !== undefined && newChats.used >= newChats.total;
}

/** As clients read it, in answers and notifications alike. */
export function describeNewChats(world: World, account: Account) {
  const quota = world.profiles.of(account).newChats;
  const plain = {
    ote_status: 'NOT_ELIGIBLE',
    mv_status: 'NOT_ELIGIBLE',
    server_sent_timestamp: world.clock.seconds(),
  };
  if (!quota) return { ...plain, capping_status: 'NONE', total_quota: -1, used_quota: 0 };
  return {
    ...plain,
    capping_status: statusOf(quota),
    total_quota: quota.total,
    used_quota: quota.used,
    cycle_start_timestamp: String(quota.since),
    cycle_end_timestamp: String(quota.since + CYCLE_SECONDS),
  };
}

function statusOf({ total, used }: NewChatQuota): string {
  if (used >= total) return 'CAPPED';
  if (used >= total * 0.9) return 'SECOND_WARNING';
  return used >= total * 0.5 ? 'FIRST_WARNING' : 'NONE';
}

function tell(world: World, account: Account): void {
  const data = { xwa2_notify_new_chat_messages_capping_info_update: describeNewChats(world, account) };
  notifyMex(world, account, SERVER, 'MessageCappingInfoNotification', { data });
}
