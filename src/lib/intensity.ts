/** How often something may happen before it is too often: `times` within so many milliseconds. Pure. */
export interface Intensity {
  readonly times: number;
  readonly within: number;
}

/** The times that still count at `now`, with the new one. Times are milliseconds of one clock. */
export function recent(times: readonly number[], now: number, { within }: Intensity): number[] {
  return [...times.filter(at => now - at < within), now];
}

export function tooMany(times: readonly number[], intensity: Intensity): boolean {
  return times.length >= intensity.times;
}
