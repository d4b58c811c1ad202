/** Pages of the journal with events as they are delivered, for whoever reads it instead of being called. */
import { Failure } from '../errors.ts';
import { envelope, openedBody } from '../journal/event.ts';
import { eventNames, privateEvents } from '../journal/names.ts';
import type { Logger } from '../lib/logger.ts';
import { type Seal, SealBroken } from '../lib/seal.ts';
import { reachStore, type Sql } from '../store/database.ts';
import {
  endPlace,
  isBefore,
  type Kinds,
  type PageRow,
  type Place,
  readDevicePage,
  readEvent,
  readPage,
} from '../store/pages.ts';
import { ahead, cursorOf, numberOf, placeOf } from './cursor.ts';

/** What is to be read. */
export interface Ask {
  /** The number of one device; of several, unless given. */
  readonly device?: number | undefined;
  /** Those that the reader may know of; undefined: all. */
  readonly devices?: readonly number[] | undefined;
  /** Names of events; none: all but those that go only to who names them. */
  readonly types: readonly string[];
  /** Where to go on: what `next` or an event's `cursor` was; undefined: with the earliest that is kept. */
  readonly after?: string | undefined;
  readonly limit: number;
}

export interface ReadEvent {
  readonly cursor: string;
  /** As it is delivered, JSON text. */
  readonly body: string;
}

export interface Page {
  readonly events: readonly ReadEvent[];
  /** What to ask for next. Never undefined: where nothing was found it may have moved all the same. */
  readonly next: string;
  /** There is more already. */
  readonly more: boolean;
}

export interface ReaderOptions {
  readonly sql: Sql;
  readonly log: Logger;
  readonly seals: { sealOf(deviceNo: number): Seal | Promise<Seal> };
}

const known: ReadonlySet<string> = new Set(eventNames);
const unasked = [...privateEvents];

export class Reader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /**
   * Events after the cursor, in order: at most `limit`, and 256 KiB and one event. Fails with VALIDATION_ERROR for a cursor
   * or a name that is none, with EVENTS_EXPIRED and the earliest cursor when events after this one are not kept any more,
   * with DEVICE_NOT_FOUND and STORE_UNAVAILABLE.
   */
  page(ask: Ask): Promise<Page> {
    const kinds = kindsOf(ask.types);
    return ask.device === undefined ? this.#all(ask, kinds) : this.#device(ask.device, ask, kinds);
  }

  /** The cursor after everything that there is now. Fails as `page` does. */
  async end({ device }: Pick<Ask, 'device'>): Promise<string> {
    const { sql } = this.#options;
    if (device === undefined) return cursorOf(await reachStore(() => endPlace(sql)));
    const page = await reachStore(() =>
      readDevicePage(sql, {
        ...{ deviceNo: device, after: Number.MAX_SAFE_INTEGER, limit: 1 },
        ...kindsOf([]),
      }),
    );
    if (!page) throw new Failure('DEVICE_NOT_FOUND');
    return String(page.last);
  }

  /** One event, as it is delivered. Fails with EVENT_NOT_FOUND, with EVENTS_EXPIRED when it is not kept any more. */
  async one(id: string, devices: readonly number[] | undefined): Promise<string> {
    const found = await reachStore(() => readEvent(this.#options.sql, id, devices));
    if (!found) throw new Failure('EVENT_NOT_FOUND');
    if (!found.row) throw new Failure('EVENTS_EXPIRED', 'This event is not kept any more.');
    const [event] = await this.#opened([found.row], ({ seq }) => String(seq));
    if (!event) throw new Failure('EVENT_NOT_FOUND');
    return event.body;
  }

  async #device(deviceNo: number, { after, limit }: Ask, kinds: Kinds): Promise<Page> {
    const asked = after === undefined ? 0 : numberOf(after);
    const page = await reachStore(() =>
      readDevicePage(this.#options.sql, { deviceNo, after: asked, limit, ...kinds }),
    );
    if (!page) throw new Failure('DEVICE_NOT_FOUND');
    if (after !== undefined && asked > page.last) throw ahead();
    if (asked < page.expired) {
      if (after !== undefined) throw expired(String(page.expired));
      return await this.#device(deviceNo, { after: String(page.expired), limit, types: [] }, kinds);
    }
    const events = await this.#opened(page.rows, ({ seq }) => String(seq));
    return { events, next: String(page.next), more: page.more };
  }

  async #all({ devices, after, limit }: Ask, kinds: Kinds): Promise<Page> {
    const asked: Place = after === undefined ? { xid: '0', pos: '0' } : placeOf(after);
    const page = await reachStore(() =>
      readPage(this.#options.sql, { deviceNos: devices, after: asked, limit, ...kinds }),
    );
    if (BigInt(asked.xid) > BigInt(page.end)) throw ahead();
    if (page.expired && isBefore(asked, page.expired)) {
      const earliest = cursorOf(page.expired);
      if (after !== undefined) throw expired(earliest);
      return await this.#all({ devices, after: earliest, limit, types: [] }, kinds);
    }
    return { events: await this.#opened(page.rows, cursorOf), next: cursorOf(page.next), more: page.more };
  }

  async #opened(rows: readonly PageRow[], cursor: (row: PageRow) => string): Promise<ReadEvent[]> {
    const events: ReadEvent[] = [];
    for (const row of rows) events.push({ cursor: cursor(row), body: await this.#body(row) });
    return events;
  }

  /** One that does not open is told without what was in it, as it is delivered. */
  async #body(row: PageRow): Promise<string> {
    const { log, seals } = this.#options;
    try {
      return openedBody(row, row.deviceId, await seals.sealOf(row.deviceNo));
    } catch (err) {
      if (!(err instanceof SealBroken)) throw err;
      log.error(
        { err, device: row.deviceId, seq: row.seq },
        'a stored event does not open; it is read empty',
      );
      return envelope(row, row.deviceId, 'null');
    }
  }
}

/** Fails with VALIDATION_ERROR. */
function kindsOf(types: readonly string[]): Kinds {
  const names = [...new Set(types.map(name => name.trim().toLowerCase()).filter(name => name !== ''))];
  const wrong = names.find(name => name !== '*' && !known.has(name));
  if (wrong !== undefined)
    throw new Failure(
      'VALIDATION_ERROR',
      'types: has a name that no event has; docs/events.md has them all.',
      {
        results: { field: 'types' },
      },
    );
  const named = names.filter(name => name !== '*');
  // All, and beside them some that have to be named: what is left out is what nobody named.
  if (names.includes('*')) return { events: [], without: unasked.filter(name => !named.includes(name)) };
  return { events: named, without: named.length === 0 ? unasked : [] };
}

function expired(earliest: string): Failure {
  return new Failure('EVENTS_EXPIRED', undefined, { results: { earliest } });
}
