/**
 * The ports of the API on tape. While a request is recorded, what a port answers is kept with it; played, the same request
 * gets the same answers at once, from memory. What lies behind the ports (WhatsApp, the shard, the database, the process
 * that looks into files) is the work that a route stands for, and so is not measured; all the rest is.
 */
import { Failure, type FailureReport } from '../../../src/errors.ts';

/** What a port answered, so that it can be sent to another process. */
interface Take {
  readonly at: 'once' | 'later';
  readonly value?: unknown;
  readonly failure?: FailureReport;
}

/** By port and method, in the order of the calls. */
export type Tape = Record<string, Take[]>;

/** `kept` is what of a result will still be there when it is played. */
export class Recorder {
  /** Of the request that is recorded now: one at a time. */
  tape: Tape = {};
  readonly #kept: (value: unknown) => unknown;

  constructor(kept: (value: unknown) => unknown) {
    this.#kept = kept;
  }

  /** The port with these methods (all, unless named) recorded. */
  recording<T extends object>(name: string, port: T, methods?: readonly string[]): T {
    return wrapped(port, methods, (method, call) => {
      const said = call();
      const { tape } = this;
      const keep = (take: Take) => {
        const takes = tape[`${name}.${method}`] ?? [];
        tape[`${name}.${method}`] = takes;
        takes.push(take);
      };
      if (!(said instanceof Promise)) keep({ at: 'once', value: said });
      else
        said.then(
          value => keep({ at: 'later', value: this.#kept(value) }),
          error => keep({ at: 'later', failure: (error as Failure).report() }),
        );
      return said;
    });
  }
}

export class Player {
  #takes = new Map<string, { readonly say: (() => unknown)[]; next: number }>();

  /** What is answered from here on: one request at a time, again and again. */
  load(tape: Tape): void {
    this.#takes = new Map(
      Object.entries(tape).map(([name, takes]) => [name, { say: takes.map(said), next: 0 }] as const),
    );
  }

  /** A port that answers from the tape with these methods (all, unless named), and with its own otherwise. */
  playing<T extends object>(name: string, port: T, methods?: readonly string[]): T {
    return wrapped(port, methods, method => {
      const takes = this.#takes.get(`${name}.${method}`);
      const say = takes?.say[takes.next++ % takes.say.length];
      if (!say) throw new Error(`${name}.${method} was not called when the request was recorded`);
      return say();
    });
  }
}

function said({ at, value, failure }: Take): () => unknown {
  if (at === 'once') return () => value;
  return failure ? () => Promise.reject(Failure.from(failure)) : async () => value;
}

function wrapped<T extends object>(
  port: T,
  methods: readonly string[] | undefined,
  around: (method: string, call: () => unknown) => unknown,
): T {
  return new Proxy(port, {
    get(_, name: string) {
      const own: unknown = Reflect.get(port, name);
      // With the port as `this`: its private fields are not the proxy's.
      const call = (args: unknown[]): unknown => Reflect.apply(own as () => unknown, port, args);
      if (methods && !methods.includes(name))
        return typeof own === 'function' ? (...args: unknown[]) => call(args) : own;
      return (...args: unknown[]) => around(name, () => call(args));
    },
  });
}
