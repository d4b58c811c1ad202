import { failpoint } from '../lib/failpoint.ts';
import { groupCommit } from '../lib/group-commit.ts';
import type { Seal } from '../lib/seal.ts';
import type { Streamed } from '../shard/protocol.ts';
import { type ChatRows, sizeOfRows } from '../store/chats/rows.ts';
import { ChatWriter } from '../store/chats/writer.ts';
import { persist, refusesValues, type Sql, storeFailure } from '../store/database.ts';
import { Fenced } from '../store/fence.ts';
import { type NewRow, record } from '../store/journal.ts';
import { furthest, type OutgoingStep } from '../store/outgoing.ts';
import { envelope, type Fact, rowOf } from './event.ts';

/** Who writes: a device as its shard holds it, and the account's JID without its device part ('' before pairing). */
export interface Writer {
  readonly no: number;
  readonly epoch: number;
  readonly id: string;
  readonly jid: string;
  readonly seal: Seal;
}

/** What a device wants to be on record. All of it is, or nothing. */
export interface Notes {
  readonly facts: readonly Fact[];
  /** Stanzas that all facts so far have come from: they leave the inbox. */
  readonly done: readonly Buffer[];
  readonly steps: readonly Omit<OutgoingStep, 'deviceNo'>[];
  /** What was heard of its chats. It is durable before the rest is. */
  readonly chats?: ChatRows;
}

export interface JournalOptions {
  readonly sql: Sql;
  /** The node that owns the devices. */
  readonly owner: string;
}

interface Entry {
  readonly writer: Writer;
  readonly rows: readonly NewRow[];
  readonly notes: Notes;
}

/** How long an entry waits for company, and how many rows go into one statement. */
const DELAY_MS = 2;
const MAX_ROWS = 500;

/** The writing end of the journal inside a shard: the entries of all its devices share statements. */
export class Journal {
  readonly #sql: Sql;
  readonly #owner: string;
  readonly #chats: ChatWriter;
  readonly #commit: (entry: Entry) => Promise<Streamed[] | Error>;

  constructor({ sql, owner }: JournalOptions) {
    this.#sql = sql;
    this.#owner = owner;
    this.#chats = new ChatWriter({ sql, owner });
    this.#commit = groupCommit<Entry, Streamed[] | Error>({
      delayMs: DELAY_MS,
      maxItems: MAX_ROWS,
      weigh: ({ rows, notes }) => rows.length + notes.done.length + notes.steps.length + heard(notes),
      flush: entries => this.#flush(entries),
    });
  }

  /** The chats of a device were deleted by another statement than the journal's. */
  forgetChats(deviceNo: number): void {
    this.#chats.forget(deviceNo);
  }

  /**
   * Resolves with the events in their places, in the order of the facts, once everything is durable. A fact whose id is in
   * the journal already is passed over. Entries of one device keep the order of their calls. Fails with Fenced when
   * another owner has taken the device, and with STORE_UNAVAILABLE when the database cannot be reached; then, when the
   * connection was lost before the answer, it may be there all the same, and may be written again without harm. What
   * cannot be stored, whoever writes it, fails with Unwritable or as `refusesValues` tells; other entries are written.
   */
  async write(writer: Writer, notes: Notes): Promise<Streamed[]> {
    const { facts, done, steps } = notes;
    if (facts.length + done.length + steps.length + heard(notes) === 0) return [];
    const rows = facts.map(fact => rowOf(writer.no, writer.jid, fact, writer.seal));
    const result = await this.#commit({ writer, rows, notes });
    if (result instanceof Error) throw result;
    return result;
  }

  async #flush(entries: Entry[]): Promise<(Streamed[] | Error)[]> {
    try {
      return await this.#record(entries);
    } catch (error) {
      if (!refusesValues(error) || entries.length === 1) throw storeFailure(error);
    }
    // Nothing was written. One of them is at fault; the others need not wait for it.
    const results: (Streamed[] | Error)[] = [];
    for (const entry of entries)
      results.push(...(await this.#record([entry]).catch((error: unknown) => [storeFailure(error)])));
    return results;
  }

  async #record(entries: Entry[]): Promise<(Streamed[] | Fenced)[]> {
    // A device that came back may be here under two epochs; the older one has lost it whatever the database says.
    const epochs = new Map<number, number>();
    for (const { writer } of entries)
      epochs.set(writer.no, Math.max(writer.epoch, epochs.get(writer.no) ?? 0));
    const current = entries.filter(({ writer }) => epochs.get(writer.no) === writer.epoch);
    // Of an event that is told twice the first row is stored, as it is streamed: another copy may name people otherwise.
    const rows = new Map<string, NewRow>();
    for (const row of current.flatMap(({ rows }) => rows)) {
      const at = `${row.deviceNo}/${row.id}`;
      if (!rows.has(at)) rows.set(at, row);
    }
    const recording = {
      epochs,
      rows: [...rows.values()],
      done: current.flatMap(({ writer, notes }) => notes.done.map(hash => ({ deviceNo: writer.no, hash }))),
      steps: furthest(
        current.flatMap(({ writer, notes }) => notes.steps.map(step => ({ ...step, deviceNo: writer.no }))),
      ),
    };
    await this.#chats.write(
      current.flatMap(({ writer, notes: { chats } }) =>
        chats ? [{ deviceNo: writer.no, epoch: writer.epoch, rows: chats }] : [],
      ),
    );
    const { placed, fenced } = await persist(() => record(this.#sql, this.#owner, recording));
    if (current.some(({ notes }) => notes.done.length > 0)) await failpoint('recv.after_journal');
    const places = new Map(placed.map(({ id, deviceNo, seq }) => [`${deviceNo}/${id}`, seq]));
    return entries.map(({ writer, rows, notes }) => {
      if (fenced.has(writer.no) || epochs.get(writer.no) !== writer.epoch) return new Fenced(writer.no);
      return rows.flatMap((row, n) => {
        const at = `${writer.no}/${row.id}`;
        const seq = places.get(at);
        if (seq === undefined) return [];
        places.delete(at); // twice in one statement: the first has the place
        return [streamed(writer, row, notes.facts[n]!, seq)];
      });
    });
  }
}

const heard = ({ chats }: Notes) => (chats ? sizeOfRows(chats) : 0);

function streamed(writer: Writer, row: NewRow, fact: Fact, seq: number): Streamed {
  const body = envelope({ ...row, seq }, writer.id, JSON.stringify(fact.payload));
  return { device: writer.id, deviceNo: writer.no, seq, id: row.id, event: row.event, body };
}
