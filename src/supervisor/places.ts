import type { Directory, Entry } from './directory.ts';
import type { Isolation } from './isolation.ts';
import { place } from './placement.ts';

/**
 * Places every device of this node that has no place, on a shard that may host or in the quarantine thread, and returns
 * those. One that has a place is left there even if its shard is over the bound by now (others were removed, or a shard
 * came back): a move is a reconnect, and nothing here takes a device from a thread that lives.
 */
export function placeAll(
  directory: Directory,
  hosts: readonly number[],
  isolation: Pick<Isolation, 'has' | 'place'>,
): Entry[] {
  if (hosts.length === 0) return [];
  const changed: Entry[] = [];
  const free: string[] = [];
  for (const entry of directory.held()) {
    if (!isolation.has(entry)) free.push(entry.id);
    else if (entry.shard === null && isolation.place(entry)) changed.push(entry);
  }
  for (const [id, shard] of place(free, hosts, directory.placed())) {
    const entry = directory.get(id);
    if (!entry || (entry.shard !== null && hosts.includes(entry.shard))) continue;
    entry.shard = shard;
    changed.push(entry);
  }
  return changed;
}
