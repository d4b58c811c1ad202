/** Registers what has to be ended; a test's context is one, and a script that is no test makes its own. */
export interface Scope {
  after(run: () => unknown): void;
}

/** A scope for scripts: `end` runs what was registered, the last first. */
export function scope(): Scope & { end(): Promise<void> } {
  const ends: (() => unknown)[] = [];
  return {
    after: run => void ends.push(run),
    async end() {
      for (const run of ends.splice(0).reverse()) await run();
    },
  };
}
