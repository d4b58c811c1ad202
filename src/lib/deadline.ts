/**
 * Milliseconds of the machine's monotonic clock: the same in every thread, and nobody can set it. Deadlines are of this
 * clock: by the wall clock, a step forward would end every command that is under way, and one back none for an hour.
 */
export const monotonic = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;

/**
 * The promise's own end, or `late()` as a failure when `deadline` (of `monotonic`) passes first. The failure is made only
 * then: an error captures its stack, and this runs for every message.
 */
export async function within<T>(promise: Promise<T>, deadline: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, deadline - monotonic()));
  });
  try {
    return await Promise.race([promise, passed]);
  } finally {
    clearTimeout(timer);
  }
}
