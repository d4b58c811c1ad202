/**
 * Which devices are ours: looks once a second for those that are free and takes them, and tells of those that others
 * own. One look at a time. What it finds is told only while the term in which it looked goes on.
 */
import type { Logger } from '../lib/logger.ts';
import { hasEnded, processSpace } from '../lib/processes.ts';
import type { Service } from '../lib/service.ts';
import type { Sql } from '../store/database.ts';
import { claimDevices, type DeviceRow, listOthers } from '../store/devices.ts';
import { endLease, listNeighbours } from '../store/nodes.ts';
import type { Lease } from './lease.ts';
import { Line } from './line.ts';

export interface ClaimsOptions {
  readonly lease: Lease;
  /** Opens a pool of one connection. */
  readonly open: () => Sql;
  readonly log: Logger;
  /** Numbers of the devices that are known to be ours. */
  readonly held: () => readonly number[];
  /** These are ours from now on, in the epoch that they have here. */
  readonly taken: (rows: readonly DeviceRow[]) => void;
  /** All that are not ours. */
  readonly others: (rows: readonly DeviceRow[]) => void;
}

const EVERY_MS = 1_000;
const WITHIN_MS = 10_000;

export class Claims implements Service {
  readonly #options: ClaimsOptions;
  readonly #line: Line;
  readonly #space = processSpace();
  /** Rows may be ours that we do not know of: an answer was lost, or the lease was. */
  #doubt = true;
  #seenIn = 0;
  #looking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #trouble = false;
  #started = false;
  #stopped = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.#line = new Line(options.open);
  }

  /** Takes what is free now and goes on looking. Fails as the database does. */
  async start(): Promise<void> {
    await this.#look();
    this.#started = true;
    this.#next();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#looking?.catch(() => {});
    await this.#line.end();
  }

  /** Whether a look of this term has ended: until then nobody knows which devices are ours and which are not. */
  get known(): boolean {
    return this.#seenIn === this.#options.lease.term;
  }

  /** The next look takes anew what is ours and not known to be. */
  doubt(): void {
    this.#doubt = true;
  }

  /** Looks as soon as it can, after the look that is under way. */
  async nudge(): Promise<void> {
    await this.#looking;
    await this.#round();
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#round(), EVERY_MS);
  }

  async #round(): Promise<void> {
    if (!this.#started || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#looking ??= this.#look()
      .then(
        () => {
          this.#trouble = false;
        },
        (err: unknown) => {
          if (!this.#trouble)
            this.#options.log.warn({ err }, 'free devices cannot be looked for; trying again');
          this.#trouble = true;
        },
      )
      .finally(() => {
        this.#looking = undefined;
        this.#next();
      });
    await this.#looking;
  }

  /**
   * The lease of a process that ended without giving it back need not run out when we can see that it has ended: after a
   * crash the next start on the same machine has its devices at once.
   */
  async #bury(): Promise<void> {
    if (this.#space === undefined) return;
    const { lease, log } = this.#options;
    const space = this.#space;
    const neighbours = await this.#line.ask(sql => listNeighbours(sql, lease.node, space), WITHIN_MS);
    for (const { id, pid, birth } of neighbours) {
      if (!hasEnded(pid, birth)) continue;
      log.info({ pid }, 'a node has ended without giving its devices back; they are free');
      await this.#line.ask(sql => endLease(sql, id), WITHIN_MS);
    }
  }

  async #look(): Promise<void> {
    const { lease, held, taken, others } = this.#options;
    if (!lease.held()) return;
    const { node, term } = lease;
    const current = () => !this.#stopped && lease.held() && lease.term === term;
    const doubted = this.#doubt;
    this.#doubt = false;
    try {
      await this.#bury();
      const rows = await this.#line.ask(
        sql => claimDevices(sql, node, doubted ? held() : undefined),
        WITHIN_MS,
      );
      if (!current()) return this.doubt();
      if (rows.length > 0) taken(rows);
      const rest = await this.#line.ask(sql => listOthers(sql, node), WITHIN_MS);
      if (!current()) return;
      others(rest);
      this.#seenIn = term;
    } catch (error) {
      this.#doubt = true;
      throw error;
    }
  }
}
