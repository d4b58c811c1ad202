/**
 * The promise's own end, or `late()` as a failure when `deadline` (ms since 1970) passes first. The failure is made only
 * then: an error captures its stack, and this runs for every message.
 */
export async function within<T>(promise: Promise<T>, deadline: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, deadline - Date.now()));
  });
  try {
    return await Promise.race([promise, passed]);
  } finally {
    clearTimeout(timer);
  }
}
