/**
 * The ports of the API on tape. While a request is recorded, what a port answers is kept with it; played, the same request
 * gets the same answers at once, from memory. What lies behind the ports (WhatsApp, the shard, the database, the process
 * that looks into files) is the work that a route stands for, and so is not measured; all the rest is.
 */

/** What a port answered, given again. */
type Take = () => unknown;
export type Tape = Map<string, { readonly takes: Take[]; next: number }>;

export class Recorder {
  /** That of the request which is recorded or played now. One at a time: what is called twice answers in its order. */
  tape: Tape = new Map();

  /** The port with the methods (all, unless named) recorded; `kept` is what of a result is there when it is played. */
  recording<T extends object>(
    name: string,
    port: T,
    methods?: readonly (keyof T)[],
    kept = (value: unknown): unknown => value,
  ): T {
    return this.#watched(port, methods, (method, call) => {
      const said = call();
      const keep = (take: Take) => {
        const takes = this.tape.get(`${name}.${method}`) ?? { takes: [], next: 0 };
        takes.takes.push(take);
        this.tape.set(`${name}.${method}`, takes);
      };
      if (!(said instanceof Promise)) keep(() => said);
      else
        said.then(
          value => {
            const later = kept(value);
            keep(async () => later);
          },
          error => keep(() => Promise.reject(error)),
        );
      return said;
    });
  }

  /** The port with the methods (all, unless named) played; the others are its own. */
  playing<T extends object>(name: string, port: T, methods?: readonly (keyof T)[]): T {
    return this.#watched(port, methods, method => {
      const kept = this.tape.get(`${name}.${method}`);
      const take = kept?.takes[kept.next++ % kept.takes.length];
      if (!take) throw new Error(`${name}.${method} was not called when the request was recorded`);
      return take();
    });
  }

  #watched<T extends object>(
    port: T,
    methods: readonly (keyof T)[] | undefined,
    around: (method: string, call: () => unknown) => unknown,
  ): T {
    return new Proxy(port, {
      // With the port as `this`: its private fields are not the proxy's. Made once for each, as a method is.
      get: (_, name: string) => {
        const own = Reflect.get(port, name);
        if (typeof own !== 'function') return own;
        const call = (args: unknown[]) => Reflect.apply(own, port, args);
        if (methods && !methods.includes(name as keyof T)) return (...args: unknown[]) => call(args);
        return (...args: unknown[]) => around(name, () => call(args));
      },
    });
  }
}
