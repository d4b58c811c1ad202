/**
 * Devices that take their threads with them. A device that was at work at two deaths of its thread is isolated: it runs
 * in the quarantine thread, where it can hurt nobody but other suspects. Two more deaths there and it rests for an hour
 * (`crashed`). After two hours without another death it is a device like any other.
 * The counts are kept in the database, for a process that dies of the same device.
 */
import type { Logger } from '../lib/logger.ts';
import type { Sql } from '../store/database.ts';
import type { Term } from '../store/fence.ts';
import { readSuspicions, saveSuspicion } from '../store/suspicions.ts';

const minute = 60_000;
/** Two deaths that are further apart than this are a coincidence. */
const TOGETHER = 10 * minute;
const RESTS_FOR = 60 * minute;
const REMEMBERED_FOR = 120 * minute;
const ISOLATED_AT = 2;
const CRASHED_AT = 4;

export interface Suspicion {
  readonly deaths: number;
  /** Of the last death, ms since 1970. */
  readonly at: number;
}

export type Standing = 'free' | 'isolated' | 'crashed';

/** What a device may do at `now`. Pure. */
export function standing(suspicion: Suspicion | undefined, now: number): Standing {
  if (!suspicion || suspicion.deaths < ISOLATED_AT || now - suspicion.at >= REMEMBERED_FOR) return 'free';
  return suspicion.deaths >= CRASHED_AT && now - suspicion.at < RESTS_FOR ? 'crashed' : 'isolated';
}

/** What is known of a device after one more death at `now`. Pure. */
export function accused(suspicion: Suspicion | undefined, now: number): Suspicion {
  const remembered = standing(suspicion, now) === 'free' ? TOGETHER : REMEMBERED_FOR;
  const deaths = suspicion && now - suspicion.at < remembered ? suspicion.deaths : 0;
  return { deaths: deaths + 1, at: now };
}

export class Suspects {
  readonly #sql: Sql;
  readonly #log: Logger;
  readonly #known = new Map<number, Suspicion>();
  #saved: Promise<void> = Promise.resolve();

  constructor({ sql, log }: { sql: Sql; log: Logger }) {
    this.#sql = sql;
    this.#log = log;
  }

  /** Reads what is stored and not known: of an earlier process, or of the node that had the device before. */
  async load(): Promise<void> {
    for (const { no, deaths, at } of await readSuspicions(this.#sql))
      if (at > (this.#known.get(no)?.at ?? 0)) this.#known.set(no, { deaths, at });
  }

  standing(no: number): Standing {
    return standing(this.#known.get(no), Date.now());
  }

  /** The device was at work when its thread died. */
  accuse(term: Term): Standing {
    const suspicion = accused(this.#known.get(term.no), Date.now());
    this.#save(term, suspicion);
    return standing(suspicion, suspicion.at);
  }

  /** Somebody asks for another try: it is made in the quarantine thread, with two deaths to spare. */
  pardon(term: Term): void {
    const suspicion = this.#known.get(term.no);
    if (suspicion && suspicion.deaths > ISOLATED_AT) this.#save(term, { ...suspicion, deaths: ISOLATED_AT });
  }

  forget(no: number): void {
    this.#known.delete(no);
  }

  /** Resolves when everything so far is in the database, or could not be put there. */
  async saved(): Promise<void> {
    await this.#saved;
  }

  #save(term: Term, suspicion: Suspicion): void {
    this.#known.set(term.no, suspicion);
    this.#saved = this.#saved
      .then(() => saveSuspicion(this.#sql, term, suspicion))
      .catch((err: unknown) => this.#log.warn({ err, deviceNo: term.no }, 'a suspicion could not be stored'));
  }
}
