/** What Baileys tells beside messages, and tells whole: receipts, the past, and what the account may not do. */
import type { BaileysEventMap } from '@whiskeysockets/baileys';
import type { Self, Told } from './envelope.ts';
import { fromHistory } from './history.ts';
import { given } from './read.ts';
import { fromGroupReceipts, fromUpdates } from './receipts.ts';

/** What of a batch of Baileys’ events is told. `now` is ms since 1970. */
export function fromEvents(events: Partial<BaileysEventMap>, self: Self, now: number): Told[] {
  const history = events['messaging-history.set'];
  const lock = events['connection.update']?.reachoutTimeLock;
  return [
    ...fromUpdates(events['messages.update'] ?? [], self),
    ...fromGroupReceipts(events['message-receipt.update'] ?? [], self),
    ...(history ? [fromHistory(history, now)] : []),
    ...(lock ? [restriction(lock, now)] : []),
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
