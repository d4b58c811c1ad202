// Times as Go writes them, and gowa's groups and channels with it: without milliseconds.

/** The year 3000, in Unix seconds: whatever is beyond it is no time. */
const LAST = 32_503_680_000;

/** Go's zero time, which gowa has where nothing is known. */
const NEVER = '0001-01-01T00:00:00Z';

/** A time in Unix seconds, such as 2026-12-24T18:00:00Z. */
export function timeText(seconds: number | undefined): string {
  const known = seconds !== undefined && Math.abs(seconds) < LAST;
  return known ? `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` : NEVER;
}
