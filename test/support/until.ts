export interface UntilOptions {
  /** Milliseconds, after which it will never be: long enough for a machine that does ten other things meanwhile. */
  readonly within?: number;
  /** What is waited for, for the failure. */
  readonly what?: string;
  /** An error of this class ends the wait at once. */
  readonly unless?: new (
    ...args: never[]
  ) => Error;
}

/** The one way in which tests wait: for a condition, never for a time. Fails with what it was waiting for. */
export async function until<T>(
  condition: () => T | Promise<T>,
  { within = 60_000, what = condition.toString(), unless }: UntilOptions = {},
): Promise<NonNullable<T>> {
  const end = performance.now() + within;
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as NonNullable<T>;
      last = value;
    } catch (error) {
      if (unless && error instanceof unless) throw error;
      last = error;
    }
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${what}`, { cause: last });
    await new Promise(next => setTimeout(next, 10));
  }
}
