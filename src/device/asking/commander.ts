/** Finds the file of a command and runs it on the device. */
import { readdirSync } from 'node:fs';
import { type ErrorCode, Failure } from '../../errors.ts';
import type { Command } from '../../shard/protocol.ts';
import { Fenced } from '../../store/fence.ts';
import type { Connection } from '../line/connection.ts';
import type { CommandFile, DeviceParts } from './command.ts';

/** Every file of `commands/`, loaded with the thread: adding one is all that a new command needs here. */
export const commandFiles: ReadonlyMap<string, CommandFile> = new Map(
  await Promise.all(
    readdirSync(new URL('../commands/', import.meta.url))
      .filter(name => name.endsWith('.js'))
      .map(async name => {
        const exported = Object.values((await import(`../commands/${name}`)) as Record<string, CommandFile>);
        const [file] = exported;
        if (exported.length !== 1 || `${file?.name}.js` !== name)
          throw new Error(`commands/${name} does not export the one command of its name`);
        return [file!.name, file!] as const;
      }),
  ),
);

/** Of what keeps the keys from being read, what a caller can do something about. */
const TOLD: readonly ErrorCode[] = ['STORE_FULL', 'DEVICE_NOT_LINKED'];

export class Commander {
  readonly #on: DeviceParts;

  constructor(parts: Omit<DeviceParts, 'open'>) {
    this.#on = { ...parts, open: deadline => this.#open(deadline) };
  }

  /** Fails with a `Failure`. */
  async run({ do: name, input, again = false }: Command, deadline: number): Promise<unknown> {
    const file = commandFiles.get(name);
    if (!file) throw new Error(`there is no command ${name}`);
    if (again && file.once) throw new Failure('OUTCOME_UNKNOWN');
    return file.run(input as never, this.#on, { deadline, again });
  }

  /** The open connection, waited for until the deadline. */
  async #open(deadline: number): Promise<Connection> {
    const { identity, waiters, connection } = this.#on;
    const { failure } = identity;
    if (failure && !(failure instanceof Fenced)) {
      const told =
        failure instanceof Failure && TOLD.includes(failure.code) ? failure.code : 'STORE_UNAVAILABLE';
      throw new Failure(told, undefined, { cause: failure });
    }
    const { phase, linked, reason } = await waiters.until(
      ({ phase, linked }) => !linked || ['open', 'stopped', 'conflict', 'crashed'].includes(phase),
      deadline,
      () => new Failure('DEVICE_NOT_CONNECTED'),
    );
    if (!linked) throw new Failure('DEVICE_NOT_LINKED');
    if (phase === 'conflict')
      throw new Failure(
        'DEVICE_STOPPED',
        'Another process connects with the same credentials. Stop it, then reconnect this device.',
      );
    if (phase === 'stopped') throw new Failure('DEVICE_STOPPED', `WhatsApp refuses this device: ${reason}.`);
    if (phase === 'crashed') throw new Failure('DEVICE_CRASHED');
    const open = connection();
    if (!open) throw new Failure('DEVICE_NOT_CONNECTED');
    return open;
  }
}
