/**
 * Who did what. Entries are written in batches: one that must be there before its caller is answered waits for its batch, the
 * others are noted on the way. One that the database does not take is written to the log instead.
 */
import { groupCommit } from '../lib/group-commit.ts';
import type { Logger } from '../lib/logger.ts';
import type { Service } from '../lib/service.ts';
import { type AuditEntry, type AuditQuery, addAudit, readAudit } from '../store/audit.ts';
import { reachStore, type Sql } from '../store/database.ts';

export type { AuditEntry, AuditQuery };

export interface Audit {
  /**
   * Resolves when it is written, or when that has failed, which is logged: what was done is done. `awaited`: its caller is
   * answered only then.
   */
  note(entry: AuditEntry, awaited?: boolean): Promise<void>;
  /** The newest first. Fails with STORE_UNAVAILABLE. */
  page(query: AuditQuery): Promise<(AuditEntry & { readonly no: number })[]>;
}

/** Of what nobody waits for. One insert of many costs little more than one of one: at 20 ms they were a tenth of a send's CPU. */
const DELAY_MS = 200;
const AT_ONCE = 500;
/** Entries that wait while the database does not answer. */
const MOST_WAITING = 20_000;

export class AuditLog implements Audit, Service {
  readonly #sql: Sql;
  readonly #log: Logger;
  readonly #write: (noted: { readonly entry: AuditEntry; readonly awaited: boolean }) => Promise<void>;
  #waiting = 0;
  /** Of the newest entry: they are written in their order. */
  #last: Promise<void> = Promise.resolve();

  constructor({ sql, log }: { sql: Sql; log: Logger }) {
    this.#sql = sql;
    this.#log = log;
    this.#write = groupCommit<{ readonly entry: AuditEntry; readonly awaited: boolean }, void>({
      delayMs: DELAY_MS,
      maxItems: AT_ONCE,
      urgent: ({ awaited }) => awaited,
      flush: async noted => {
        const entries = noted.map(({ entry }) => entry);
        try {
          await reachStore(() => addAudit(sql, entries));
        } catch (err) {
          for (const entry of entries) this.#lose(entry, err);
        }
        this.#waiting -= noted.length;
        return noted.map(() => undefined);
      },
    });
  }

  async start(): Promise<void> {}

  /** Resolves when everything is written that can be. */
  async stop(): Promise<void> {
    await this.#last;
  }

  note(entry: AuditEntry, awaited = false): Promise<void> {
    if (this.#waiting >= MOST_WAITING) {
      this.#lose(entry, new Error('too many entries wait'));
      return Promise.resolve();
    }
    this.#waiting++;
    this.#last = this.#write({ entry, awaited });
    return this.#last;
  }

  async page(query: AuditQuery): Promise<(AuditEntry & { readonly no: number })[]> {
    return await reachStore(() => readAudit(this.#sql, query));
  }

  #lose({ before: _, after: __, ...entry }: AuditEntry, err: unknown): void {
    this.#log.error({ err, entry }, 'an audit entry could not be written');
  }
}
