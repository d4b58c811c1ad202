/** The way of a command to the thread that hosts its device, over the death of threads on the way. */
import { Failure } from '../errors.ts';
import { monotonic, within } from '../lib/deadline.ts';
import type { Logger } from '../lib/logger.ts';
import type { AnswerOf, Command, CommandType, InputOf } from '../shard/protocol.ts';
import type { Sql } from '../store/database.ts';
import type { CommandOptions } from './devices.ts';
import type { Entry } from './directory.ts';
import type { ShardHandle } from './shard-handle.ts';
import { unsettled } from './unsettled.ts';

/** Milliseconds past its deadline after which a shard is not expected to keep it itself any more. */
const ANSWER_LATE = 6_000;

export interface CommandsOptions {
  readonly sql: Sql;
  readonly log: Logger;
  /** The device, if this node runs it. Fails with DEVICE_NOT_FOUND, STORE_UNAVAILABLE or DEVICE_ELSEWHERE. */
  readonly here: (id: string) => Entry;
  readonly handle: (shard: number) => ShardHandle | undefined;
  /** Resolves when something about the device has changed, or after so many milliseconds. */
  readonly changed: (id: string, ms: number) => Promise<void>;
  /** The process is stopping. */
  readonly closing: () => boolean;
}

export class Commands {
  readonly #options: CommandsOptions;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /**
   * Gives the command to the device's shard. A shard that dies with it loses it, and it is given to the next, marked as
   * given again: a message has its id, so that the next one knows how far it came.
   */
  async run<C extends CommandType>(
    entry: Entry,
    name: C['name'],
    input: InputOf<C>,
    { within: ms, request, again }: CommandOptions,
  ): Promise<AnswerOf<C>> {
    const { sql } = this.#options;
    const deadline = monotonic() + ms;
    for (let lost = 0; ; lost += 1) {
      const command: Command = { do: name, input, ...((again || lost > 0) && { again: true }) };
      const reply = await this.#attempt(entry.id, command, deadline, request).catch(
        async (error: unknown) => {
          throw command.again ? await unsettled(sql, entry.no, command, error) : error;
        },
      );
      if (reply !== 'lost') return reply.answer as AnswerOf<C>;
    }
  }

  async #attempt(
    id: string,
    command: Command,
    deadline: number,
    request: string,
  ): Promise<{ readonly answer: unknown } | 'lost'> {
    const { closing, log } = this.#options;
    if (closing()) throw new Failure('SHUTTING_DOWN');
    const handle = await this.#ready(id, deadline);
    // The shard keeps the deadline itself; this is for a shard that does not.
    const reply = await within(
      handle.command({ device: id, command, deadline, request }),
      Math.max(deadline, monotonic()) + ANSWER_LATE,
      () => new Failure('GATEWAY_TIMEOUT'),
    );
    if (reply !== 'lost' && !reply.ok) throw Failure.from(reply.error);
    if (reply === 'lost') {
      const about = { device: id, shard: handle.shard, command: command.do, request };
      log.warn(about, 'the shard died with a command');
    }
    return reply;
  }

  /** The device's shard once it is up. Fails with SHARD_UNAVAILABLE at the deadline, and as `here` does. */
  async #ready(id: string, deadline: number): Promise<ShardHandle> {
    const { here, handle, changed, closing } = this.#options;
    for (;;) {
      const { shard } = here(id);
      const found = shard === null ? undefined : handle(shard);
      if (found?.state === 'up') return found;
      const left = deadline - monotonic();
      if (left <= 0) throw new Failure('SHARD_UNAVAILABLE');
      if (closing()) throw new Failure('SHUTTING_DOWN');
      await changed(id, left);
    }
  }
}
