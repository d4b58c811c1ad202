/** What Baileys tells beside messages, and tells whole: receipts, the past, who is who, and what the account may not do. */
import type { BaileysEventMap } from '@whiskeysockets/baileys';
import { bare } from '../jid.ts';
import type { Self, Told } from './envelope.ts';
import { fromHistory, fromHistoryStatus } from './history.ts';
import { sameIdentity } from './numbers.ts';
import { given, number, text, timestamp } from './read.ts';
import { fromGroupReceipts, fromUpdates } from './receipts.ts';

/** What of a batch of Baileys’ events is told. `now` is ms since 1970. */
export function fromEvents(events: Partial<BaileysEventMap>, self: Self, now: number): Told[] {
  const history = events['messaging-history.set'];
  const status = events['messaging-history.status'];
  const lock = events['connection.update']?.reachoutTimeLock;
  const cap = events['message-capping.update'];
  const pair = events['lid-mapping.update'];
  return [
    ...fromUpdates(events['messages.update'] ?? [], self),
    ...fromGroupReceipts(events['message-receipt.update'] ?? [], self),
    ...(history ? [fromHistory(history, now)] : []),
    ...(status ? [fromHistoryStatus(status, now)] : []),
    ...(lock ? [restriction(lock, now)] : []),
    ...(cap ? [messageCap(cap, now)] : []),
    ...(pair ? sameIdentity(bare(pair.pn), bare(pair.lid), now) : []),
  ];
}

type Lock = NonNullable<BaileysEventMap['connection.update']['reachoutTimeLock']>;

/** WhatsApp lets the account start no new chats for a while, or does again. */
function restriction({ isActive, timeEnforcementEnds, enforcementType }: Lock, now: number): Told {
  const until = timeEnforcementEnds instanceof Date ? timeEnforcementEnds.getTime() : Number.NaN;
  const payload = {
    active: isActive === true,
    ...given({
      type: isActive ? String(enforcementType ?? '') || undefined : undefined,
      until: Number.isNaN(until) ? undefined : new Date(until).toISOString(),
    }),
    timestamp: new Date(now).toISOString(),
  };
  return { event: 'account.restricted', at: now, payload };
}

type Cap = BaileysEventMap['message-capping.update'];

/** How many messages it may still send in chats that it begins. Times are texts of seconds, counts may be texts too, and -1 is no limit. */
function messageCap(cap: Cap, now: number): Told {
  const quota = number(cap.total_quota);
  const payload = {
    ...given({
      total: quota !== undefined && quota >= 0 ? quota : undefined,
      used: number(cap.used_quota),
      status: text(cap.capping_status)?.toLowerCase(),
      from: timestamp(cap.cycle_start_timestamp),
      until: timestamp(cap.cycle_end_timestamp),
    }),
    timestamp: new Date(now).toISOString(),
  };
  return { event: 'account.message_cap', at: now, payload };
}
