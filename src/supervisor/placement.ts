/**
 * Which shard hosts which device: rendezvous hashing with bounded load and stickiness. Pure.
 *
 * A device stays where it is while that shard lives and has room; otherwise it goes to the first shard of its own order
 * (highest hash of device and shard first) that has room. So a lost shard moves its own devices only, a new one takes
 * only its share, and no shard has more than 1.25 times the mean. Measured against rings, jump and Maglev: same balance,
 * fewest moves, no virtual nodes (docs/decisions/0003).
 */

/** Most devices on a shard, as a multiple of the mean. */
export const LOAD_BOUND = 1.25;

/** MurmurHash3, 32 bit, over the UTF-16 code units' low bytes (device ids are ASCII). */
export function murmur3(key: string, seed = 0): number {
  const byte = (i: number) => key.charCodeAt(i) & 255;
  const scramble = (k: number) => {
    const mixed = Math.imul(k, 0xcc9e2d51);
    return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  };
  let hash = seed >>> 0;
  const whole = key.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    hash ^= scramble(byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let i = key.length - 1; i >= whole; i--) rest = (rest << 8) | byte(i);
  if (key.length > whole) hash ^= scramble(rest);
  return finish(hash ^ key.length);
}

/** Murmur's finaliser: every input bit reaches every output bit. */
function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const SHARD_SEED = 0x9747b28c;

/** All shards in a device's order of preference. */
export function preference(device: string, shards: readonly number[]): number[] {
  const hash = murmur3(device);
  return shards
    .map(shard => ({ shard, weight: finish(hash ^ murmur3(`shard ${shard}`, SHARD_SEED)) }))
    .sort((a, b) => b.weight - a.weight || a.shard - b.shard)
    .map(({ shard }) => shard);
}

/** The most devices that one of `shards` shards may host. */
export function capacity(devices: number, shards: number): number {
  return Math.ceil((LOAD_BOUND * devices) / shards);
}

/** A shard for every device. `current` says where devices are; entries of shards that are not in `shards` do not count. */
export function place(
  devices: readonly string[],
  shards: readonly number[],
  current: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const load = new Map(shards.map(shard => [shard, 0]));
  const room = (shard: number) =>
    (load.get(shard) ?? Number.POSITIVE_INFINITY) < capacity(devices.length, shards.length);
  const placed = new Map<string, number>();
  const put = (device: string, shard: number) => {
    load.set(shard, (load.get(shard) ?? 0) + 1);
    placed.set(device, shard);
  };
  // In the order of their hashes, so that who finds a shard full does not depend on the order of the list.
  const ordered = devices
    .map(device => ({ device, hash: murmur3(device, 77) }))
    .sort((a, b) => a.hash - b.hash || (a.device < b.device ? -1 : 1));
  for (const { device } of ordered) {
    const shard = current.get(device);
    if (shard !== undefined && room(shard)) put(device, shard);
  }
  for (const { device } of ordered) {
    if (placed.has(device)) continue;
    const shard = preference(device, shards).find(room);
    if (shard !== undefined) put(device, shard);
  }
  return placed;
}
