// Devices without a WhatsApp behind them, for tests of how requests are read and answered. What a device really does
// is proved by the system tests. It keeps the port's promises: ids are unique, a pairing is shared, changes wake waiters.
import { Failure } from '../../src/errors.ts';
import type {
  Addressed,
  AnswerOf,
  Command,
  CommandType,
  DeviceStatus,
  HealthReport,
  InputOf,
  Pairing,
} from '../../src/shard/protocol.ts';
import type { CommandOptions, Devices, DeviceView } from '../../src/supervisor/devices.ts';

export interface Given {
  readonly device: string;
  readonly command: Command;
  readonly options: CommandOptions;
}

/** The input of a command that sends a message, without its id, which has WhatsApp Web's form. */
export function saidBy(command: Given['command'] | undefined): Record<string, unknown> | undefined {
  const { id, ...said } = (command?.input ?? {}) as Partial<Addressed> & Record<string, unknown>;
  return command?.do.startsWith('send-') && /^3EB0[0-9A-F]{18}$/.test(id ?? '') ? said : undefined;
}

export class InMemoryDevices implements Devices {
  /** Every command that was given, in order. */
  readonly given: Given[] = [];
  /** Takes the place of the next answers: a failure to throw, or a promise to wait for first. */
  hold: Promise<void> | undefined;
  failure: Error | undefined;
  /** What a device answers when it is asked how it is. */
  health: HealthReport = {
    degraded: false,
    complaints: [],
    decrypts: { failed: 0, of: 0 },
    reconnectsLastHour: 0,
    unhandled: 0,
    awaitingAck: 0,
  };
  readonly #views = new Map<string, DeviceView>();
  readonly #waiters = new Map<string, Set<() => void>>();
  #next = 1;

  /** A device that is there already, open and linked unless the status says otherwise. */
  add(id: string, status: Partial<DeviceStatus> = {}): DeviceView {
    const linked: DeviceStatus = {
      phase: 'open',
      since: Date.now(),
      linked: true,
      jid: `1555000${this.#next}:3@s.whatsapp.net`,
    };
    const shard = this.#next % 2;
    const view = { ...linked, ...status, id, no: this.#next++, shard, createdAt: new Date(0) };
    this.#views.set(id, view);
    return view;
  }

  /** Moves a device, as its shard's status would. */
  move(id: string, status: Partial<DeviceStatus>): void {
    this.#views.set(id, { ...this.#view(id), ...status });
    this.#wake(id);
  }

  list(): DeviceView[] {
    return [...this.#views.values()];
  }

  find(idOrJid: string): DeviceView | undefined {
    const account = (jid: string | undefined) => jid?.replace(/:\d+@/, '@');
    return (
      this.#views.get(idOrJid) ?? this.list().find(({ jid }) => jid === idOrJid || account(jid) === idOrJid)
    );
  }

  async create(id?: string): Promise<DeviceView> {
    if (this.failure) throw this.failure;
    await this.hold;
    const name = id ?? `device-${this.#next}`;
    if (this.#views.has(name))
      throw new Failure('DEVICE_EXISTS', undefined, { results: { device_id: name } });
    const { jid: _, ...view } = this.add(name, { phase: 'unlinked', linked: false });
    this.#views.set(name, view);
    return view;
  }

  async remove(id: string, options: CommandOptions): Promise<void> {
    this.given.push({ device: id, command: { do: 'remove', input: {} }, options });
    if (this.failure) throw this.failure;
    this.#views.delete(id);
    this.#wake(id);
  }

  async command<C extends CommandType>(
    id: string,
    name: C['name'],
    input: InputOf<C>,
    options: CommandOptions,
  ): Promise<AnswerOf<C>> {
    const command: Command = { do: name, input };
    this.given.push({ device: id, command, options });
    await this.hold;
    if (this.failure) throw this.failure;
    return this.#obey(id, command) as AnswerOf<C>;
  }

  changed(id: string, within: number): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiters.get(id)?.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, within).unref();
      this.#waiters.set(id, (this.#waiters.get(id) ?? new Set()).add(wake));
    });
  }

  /** How many callers wait for a change of the device. */
  waiting(id: string): number {
    return this.#waiters.get(id)?.size ?? 0;
  }

  #obey(id: string, command: Command): unknown {
    const view = this.#view(id);
    if (command.do === 'pair') {
      const pairing = view.pairing ?? newPairing(id, (command.input as { phone?: string }).phone);
      this.move(id, { phase: 'pairing', pairing });
      return pairing;
    }
    if (command.do === 'logout') {
      this.move(id, { phase: 'unlinked', linked: false });
      return { unlinked: view.linked };
    }
    if (command.do === 'reconnect') return {};
    if (command.do === 'health') return this.health;
    return { messageId: '3EB0C0FFEE', at: Date.UTC(2026, 0, 2, 3, 4, 5) };
  }

  #view(id: string): DeviceView {
    const view = this.#views.get(id);
    if (!view) throw new Failure('DEVICE_NOT_FOUND');
    return view;
  }

  #wake(id: string): void {
    for (const wake of this.#waiters.get(id) ?? []) wake();
  }
}

let pairings = 0;

function newPairing(id: string, phone: string | undefined): Pairing {
  const until = Date.now() + 60_000;
  pairings++;
  return phone
    ? { by: 'code', code: 'ABCD1234', until }
    : { by: 'qr', qr: `2@${id},${pairings},key,key,key`, until };
}
