import type { Logger } from '../lib/logger.ts';
import type { Service } from '../lib/service.ts';
import { forgetAttempts } from './attempts.ts';
import { forgetAudit } from './audit.ts';
import { forgetMessages } from './chats/retention.ts';
import type { Sql } from './database.ts';
import { forgetAnswers } from './idempotency.ts';
import { forgetReceived } from './inbox.ts';
import { forgetOutgoing } from './outgoing.ts';
import { keepJournal } from './retention.ts';
import { completeLanes } from './webhooks.ts';

const EVERY_MS = 10 * 60_000;
/** Rows of one statement: enough to keep up with a thousand busy devices, few enough to hold nobody up. */
const AT_ONCE = 5_000;

/** Takes out what nobody will ask for any more, now and every ten minutes. Several nodes may do it at once. */
export function upkeep({
  sql,
  log,
  auditDays,
  chatDays,
  journalDays,
}: {
  sql: Sql;
  log: Logger;
  auditDays: number;
  /** How long messages of chats are kept; for ever when absent. */
  chatDays?: number | undefined;
  /** How long events are kept. */
  journalDays: number;
}): Service {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running = Promise.resolve();

  async function tidy(): Promise<void> {
    const forgetEntries = (sql: Sql, limit: number) => forgetAudit(sql, auditDays, limit);
    const forgetSaid = (sql: Sql, limit: number) => forgetMessages(sql, chatDays, limit);
    for (const forget of [
      forgetReceived,
      forgetOutgoing,
      forgetAnswers,
      forgetAttempts,
      forgetEntries,
      forgetSaid,
    ])
      while (!stopped && (await forget(sql, AT_ONCE)) === AT_ONCE);
    if (!stopped) await completeLanes(sql);
    if (!stopped) await keepJournal({ sql, log, days: journalDays, stopped: () => stopped });
  }

  const run = () => {
    running = tidy().catch((err: unknown) => log.warn({ err }, 'old rows stay for now'));
  };
  return {
    async start() {
      timer = setInterval(run, EVERY_MS);
      run();
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await running;
    },
  };
}
