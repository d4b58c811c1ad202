/**
 * A line to the database that is let go when it hangs: after a partition the operating system would go on waiting for an
 * answer for many minutes, and the driver with it. For the few statements that the lease and the claims ask.
 */
import { Failure } from '../errors.ts';
import type { Sql } from '../store/database.ts';

export class Line {
  readonly #open: () => Sql;
  #sql: Sql | undefined;

  /** `open` opens a pool of one connection. */
  constructor(open: () => Sql) {
    this.#open = open;
  }

  /** The statement's own end, or a failure after `ms`; then nobody knows whether it was carried out. */
  async ask<T>(statement: (sql: Sql) => Promise<T>, ms: number): Promise<T> {
    this.#sql ??= this.#open();
    const sql = this.#sql;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        this.#letGo(sql);
        reject(new Failure('STORE_UNAVAILABLE', `The database did not answer within ${Math.round(ms)} ms.`));
      }, ms);
    });
    const answer = statement(sql);
    answer.catch(() => {});
    try {
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  async end(): Promise<void> {
    await this.#sql?.end({ timeout: 1 });
  }

  #letGo(sql: Sql): void {
    if (this.#sql === sql) this.#sql = undefined;
    void sql.end({ timeout: 0 });
  }
}
