/** Longer ones PostgreSQL cannot index: an entry has room for 2,704 bytes, and a character may take three. */
const LONGEST = 512;

/**
 * Whether PostgreSQL takes a name as text and as a key. Names that peers choose (the group of a sender key, the message of
 * a receipt) must be asked about: one that it refuses would fail the statement of a whole shard.
 */
export function isStorable(name: string): boolean {
  return name.length <= LONGEST && !name.includes('\0');
}
