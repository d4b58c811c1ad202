/**
 * What a device wants to be on record, on its way into the journal, in order: facts, the stanzas that they came from, and
 * how far outgoing messages have come. Everything that has come in is in the inbox by now, so what is lost here with the
 * process is found again; while the database is away it is kept and tried again. What the database cannot take is found
 * by storing one thing at a time, and does not keep back what came after it.
 */
import type { Logger } from 'pino';
import { type Fact, identified, Unwritable, unparsed } from '../../journal/event.ts';
import type { Journal, Notes } from '../../journal/journal.ts';
import { failpoint } from '../../lib/failpoint.ts';
import type { Seal } from '../../lib/seal.ts';
import type { Seat, Streamed } from '../../shard/protocol.ts';
import type { ChatRows } from '../../store/chats/rows.ts';
import { refusesValues } from '../../store/database.ts';
import { Fenced } from '../../store/fence.ts';
import { isStorable } from '../../store/names.ts';
import { type Events, type Heard, heardIn } from '../chats/hearing.ts';
import type { Told } from '../translate/envelope.ts';

const AGAIN_MS = 500;
/** Of so many failed attempts one is worth a line. */
const TOLD = 20;
/** Of what was heard of chats so much is written at once: a history of 10,000 messages must not keep back what comes live. */
const HEARD_AT_ONCE = 250;

/** What is to be written; what was heard of chats is made into rows when its turn has come. */
type Waiting = Omit<Notes, 'chats'> & { readonly heard: readonly Heard[] };

type Step = Notes['steps'][number];

const NUMBER = '@s.whatsapp.net';

export interface FactsOptions {
  readonly journal: Journal;
  readonly seat: Seat;
  readonly seal: Seal;
  readonly jid: () => string;
  readonly streamed: (events: Streamed[]) => void;
  /** The LID of a phone number, if the device knows it. Fails as the database does. */
  readonly lidOf?: (number: string) => Promise<string | undefined>;
  /** A fact with what it lacks of other things that are known. Fails as the database does. */
  readonly completed?: (fact: Fact & Told) => Promise<Fact>;
  /** What nobody wants to hear of. */
  readonly ignores?: (what: Told | Heard) => boolean;
  /** The rows of what was heard of chats. Fails as the database does. */
  readonly rowsOf?: (heard: readonly Heard[]) => Promise<ChatRows>;
  /** The device is another's: ends it. */
  readonly fenced?: (failure: Fenced) => void;
  readonly log: Logger;
  /** The time by which the age of what waits is told. */
  readonly now?: () => number;
}

export class Facts {
  readonly #options: FactsOptions;
  #facts: (Fact & Told)[] = [];
  #done: Buffer[] = [];
  #steps: Step[] = [];
  #heard: Heard[] = [];
  /** What is stored one at a time, before anything else, because all of it together was refused. */
  #apart: Waiting[] = [];
  #storing: Promise<void> | undefined;
  #given = false;
  /** When the oldest fact was added that is not in the journal, and the oldest that is not being written either. */
  #since: number | undefined;
  #next: number | undefined;

  constructor(options: FactsOptions) {
    this.#options = options;
  }

  /** How many facts are not in the journal yet. */
  get waiting(): number {
    return this.#apart.reduce((sum, { facts }) => sum + facts.length, this.#facts.length);
  }

  /** When the oldest fact was added that is not in the journal. */
  get since(): number | undefined {
    return this.#since ?? this.#next;
  }

  add(all: readonly Told[]): void {
    const { ignores } = this.#options;
    const drafts = ignores ? all.filter(draft => !ignores(draft)) : all;
    if (drafts.length === 0) return;
    this.#next ??= (this.#options.now ?? (() => performance.now()))();
    const { seat } = this.#options;
    this.#facts.push(...drafts.map(draft => identified(seat.no, draft)));
    this.#go();
  }

  /** Something was heard that belongs into the chats. */
  heard(events: Events): void {
    if (!this.#options.rowsOf) return;
    const { ignores } = this.#options;
    const heard = heardIn(events).filter(one => !ignores?.(one));
    if (heard.length === 0) return;
    for (const one of heard) this.#heard.push(one);
    this.#go();
  }

  /** All facts of these stanzas have been added. */
  done(hashes: readonly Buffer[]): void {
    if (hashes.length === 0) return;
    this.#done.push(...hashes);
    this.#go();
  }

  /** A message to send has come further. A receipt may name anything: what cannot be one of ours is passed over. */
  step(step: Step): void {
    if (!isStorable(step.id)) return;
    this.#steps.push(step);
    this.#go();
  }

  /** Resolves when everything added so far is stored, or can never be. */
  async stored(): Promise<void> {
    await this.#storing;
  }

  /** Stops trying. */
  giveUp(): void {
    this.#given = true;
  }

  #go(): void {
    this.#storing ??= this.#store();
  }

  async #store(): Promise<void> {
    const { journal, seat, seal, jid, streamed, log } = this.#options;
    let failures = 0;
    for (;;) {
      const notes = this.#take();
      if (!notes) break;
      const events = notes.facts.length;
      this.#since ??= this.#next;
      this.#next = undefined;
      try {
        if (notes.done.length > 0) await failpoint('recv.after_ack');
        const whole = await this.#whole(notes);
        streamed(await journal.write({ ...seat, seal, jid: jid() }, whole));
        if (this.#apart.length === 0) this.#since = undefined;
        failures = 0;
      } catch (err) {
        if (err instanceof Fenced || this.#given) {
          log.warn({ err, events }, 'events are left to whoever has the device next');
          [this.#facts, this.#done, this.#steps, this.#heard, this.#apart] = [[], [], [], [], []];
          this.#since = undefined;
          this.#next = undefined;
          if (err instanceof Fenced) this.#options.fenced?.(err);
          break;
        }
        const refused = err instanceof Unwritable || refusesValues(err);
        const others = refused ? this.#without(notes, err as Error) : undefined;
        this.#apart = [...(others ?? [notes]), ...this.#apart];
        if (others) continue;
        if (failures++ % TOLD === 0) log.warn({ err, events }, 'events wait for the database');
        await new Promise(next => setTimeout(next, AGAIN_MS));
      }
    }
    // In the same turn as the last look: what comes from now on starts anew.
    this.#storing = undefined;
  }

  /** One copy of a receipt may name people by number alone, another one by LID: the id is made from the LID if we know it. */
  async #named(notes: Waiting): Promise<Waiting> {
    const { seat, lidOf } = this.#options;
    if (!lidOf || !notes.facts.some(({ identity }) => identity?.includes(NUMBER))) return notes;
    const facts = notes.facts.map(async fact => {
      if (!fact.identity?.includes(NUMBER)) return fact;
      const names = fact.identity.split(' ').map(async name => {
        const lid = name.endsWith(NUMBER) ? await lidOf(name.slice(0, -NUMBER.length)) : undefined;
        return lid === undefined ? name : `${lid}@lid`;
      });
      return identified(seat.no, { ...fact, identity: (await Promise.all(names)).join(' ') });
    });
    return { ...notes, facts: await Promise.all(facts) };
  }

  /**
   * As they are written. What leads our own code astray on the way (the database's failures are Failures) is Unwritable:
   * tried again and again it would keep back everything that comes after it, for ever.
   */
  async #whole(notes: Waiting): Promise<Notes> {
    try {
      const { heard, ...named } = await this.#completed(notes);
      const chats = heard.length > 0 ? await this.#options.rowsOf?.(heard) : undefined;
      return { ...named, ...(chats && { chats }) };
    } catch (cause) {
      if (cause instanceof TypeError || cause instanceof RangeError)
        throw new Unwritable(cause.message, { cause });
      throw cause;
    }
  }

  async #completed(notes: Waiting): Promise<Waiting> {
    const named = await this.#named(notes);
    const { completed } = this.#options;
    if (!completed) return named;
    const facts: Fact[] = [];
    // One after the other: what a message has for its answers is known before them.
    for (const fact of named.facts) facts.push(await completed(fact));
    return { ...named, facts };
  }

  /** Stanzas are done when all that was heard in them is written, or was written before. */
  #take(): Waiting | undefined {
    const first = this.#apart.shift();
    if (first) return first;
    const heard = this.#heard.splice(0, this.#upToEnd());
    const done = this.#heard.length === 0 ? this.#done.splice(0) : [];
    const notes: Waiting = { facts: this.#facts, done, steps: this.#steps, heard };
    if (sizeOf(notes) === 0) return undefined;
    [this.#facts, this.#steps] = [[], []];
    return notes;
  }

  /** The end of a chat comes last in what is written: what is said afterwards is said in a new one. */
  #upToEnd(): number {
    const end = this.#heard.findIndex(({ what }, n) => what === 'ended' || n + 1 === HEARD_AT_ONCE);
    return end < 0 ? this.#heard.length : end + 1;
  }

  /**
   * What to store in the place of notes that were refused: each of them alone, and stanzas are done last. In the place of
   * a single fact what stands for it. `undefined` when that was refused too: then it is not the fact.
   */
  #without(notes: Waiting, failure: Error): Waiting[] | undefined {
    const { facts, done, steps, heard } = notes;
    const none = { facts: [], done: [], steps: [], heard: [] };
    if (sizeOf(notes) > 1)
      return [
        ...heard.map(one => ({ ...none, heard: [one] })),
        ...facts.map(fact => ({ ...none, facts: [fact] })),
        ...steps.map(step => ({ ...none, steps: [step] })),
        ...done.map(hash => ({ ...none, done: [hash] })),
      ];
    const { log } = this.#options;
    const [fact] = facts;
    if (fact?.event === 'event.unparsed') return undefined;
    log.error(
      { err: failure, event: fact?.event, id: fact?.id, heard: heard[0]?.what },
      'what the database cannot take is left out',
    );
    if (!fact) return [];
    const reason = (failure.cause instanceof Error ? failure.cause : failure).message;
    return [{ ...none, facts: [unparsed(fact, reason, Date.now())] }];
  }
}

function sizeOf({ facts, done, steps, heard }: Waiting): number {
  return facts.length + done.length + steps.length + heard.length;
}
