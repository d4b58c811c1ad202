import { randomBytes } from 'node:crypto';
import { failpoint } from '../lib/failpoint.ts';
import { groupCommit } from '../lib/group-commit.ts';
import type { Streamed } from '../shard/protocol.ts';
import { type Sql, storeFailure } from '../store/database.ts';
import { Fenced } from '../store/fence.ts';
import { appendEvents, type NewRow } from '../store/journal.ts';
import { type Draft, envelope } from './event.ts';

/** Who appends: a device as its shard holds it, and the account's JID without its device part ('' before pairing). */
export interface Writer {
  readonly no: number;
  readonly epoch: number;
  readonly id: string;
  readonly jid: string;
}

export interface JournalOptions {
  readonly sql: Sql;
  /** The node that owns the devices. */
  readonly owner: string;
}

interface Append {
  readonly writer: Writer;
  readonly rows: readonly NewRow[];
}

/** How long an event waits for company, and how many rows go into one statement. */
const DELAY_MS = 2;
const MAX_ROWS = 500;

/** The writing end of the journal inside a shard: the appends of all its devices share statements. */
export class Journal {
  readonly #sql: Sql;
  readonly #owner: string;
  readonly #commit: (append: Append) => Promise<Streamed[] | Fenced>;

  constructor({ sql, owner }: JournalOptions) {
    this.#sql = sql;
    this.#owner = owner;
    this.#commit = groupCommit<Append, Streamed[] | Fenced>({
      delayMs: DELAY_MS,
      maxItems: MAX_ROWS,
      weigh: ({ rows }) => rows.length,
      flush: appends => this.#flush(appends),
    });
  }

  /**
   * Resolves with the events in their places, in the order of the drafts, once they are durable; all of them or none.
   * Appends of one device keep the order of their calls. Fails with Fenced when another owner has taken the device, and
   * with STORE_UNAVAILABLE when the database cannot be reached. In that case, when the connection was lost before the
   * answer, the events may be there: an append that is tried again may put the same facts down twice, under new ids.
   */
  async append(writer: Writer, drafts: readonly Draft[]): Promise<Streamed[]> {
    if (drafts.length === 0) return [];
    // What PostgreSQL would refuse is refused here, where it fails one append and not a whole statement.
    for (const { at } of drafts) if (!Number.isFinite(at)) throw new TypeError(`an event happened at ${at}`);
    const rows = drafts.map(draft => ({
      deviceNo: writer.no,
      epoch: writer.epoch,
      id: `evt_${randomBytes(18).toString('base64url')}`,
      event: draft.event,
      jid: writer.jid,
      at: new Date(draft.at),
      payload: JSON.stringify(draft.payload),
    }));
    const result = await this.#commit({ writer, rows });
    if (result instanceof Fenced) throw result;
    return result;
  }

  async #flush(appends: Append[]): Promise<(Streamed[] | Fenced)[]> {
    const rows = appends.flatMap(append => append.rows);
    await failpoint('journal.before_append');
    const { placed } = await appendEvents(this.#sql, this.#owner, rows).catch(error => {
      throw storeFailure(error);
    });
    await failpoint('journal.after_append');
    const places = new Map(placed.map(({ id, seq }) => [id, seq]));
    return appends.map(({ writer, rows }) => {
      // By row and not by device: a device that came back under a new epoch may be here under both.
      if (!places.has(rows[0]!.id)) return new Fenced(writer.no);
      return rows.map(row => streamed(writer, row, places.get(row.id)!));
    });
  }
}

function streamed(writer: Writer, row: NewRow, seq: number): Streamed {
  const body = envelope({ ...row, seq }, writer.id);
  return { device: writer.id, deviceNo: writer.no, seq, id: row.id, event: row.event, body };
}
