/** The devices that this node knows: found by id or JID in constant time, with their last status. */
import type { DeviceStatus, Seat } from '../shard/protocol.ts';
import type { DeviceRow } from '../store/devices.ts';
import type { DeviceView } from './devices.ts';

export interface Entry {
  readonly id: string;
  readonly no: number;
  readonly epoch: number;
  readonly createdAt: Date;
  /** The device's own key, as the seat has it. */
  readonly key: Uint8Array;
  /** Why that key does not open. */
  readonly broken?: string;
  shard: number | null;
  /** It runs in the quarantine thread. */
  quarantined?: true;
  status: DeviceStatus;
}

const bare = (jid: string) => jid.replace(/:\d+(?=@)/, '');

export class Directory {
  readonly #byId = new Map<string, Entry>();
  /** Accounts and linked devices by JID. An account may be linked twice; the older device answers for it. */
  readonly #byJid = new Map<string, Set<string>>();

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  find(idOrJid: string): Entry | undefined {
    const direct = this.#byId.get(idOrJid);
    if (direct) return direct;
    let oldest: Entry | undefined;
    for (const id of this.#byJid.get(idOrJid) ?? []) {
      const entry = this.#byId.get(id);
      if (entry && (!oldest || entry.no < oldest.no)) oldest = entry;
    }
    return oldest;
  }

  entries(): IterableIterator<Entry> {
    return this.#byId.values();
  }

  ids(): string[] {
    return [...this.#byId.keys()];
  }

  add(entry: Entry): void {
    this.#byId.set(entry.id, entry);
    this.#index(entry, true);
  }

  update(entry: Entry, status: DeviceStatus): void {
    this.#index(entry, false);
    entry.status = status;
    this.#index(entry, true);
  }

  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (!entry) return;
    this.#index(entry, false);
    this.#byId.delete(id);
  }

  /** Where every placed device is. */
  placed(): Map<string, number> {
    const placed = new Map<string, number>();
    for (const { id, shard } of this.#byId.values()) if (shard !== null) placed.set(id, shard);
    return placed;
  }

  #index({ id, status }: Entry, known: boolean): void {
    for (const jid of [status.jid, status.lid]) {
      if (jid === undefined) continue;
      for (const name of new Set([jid, bare(jid)])) {
        const ids = this.#byJid.get(name) ?? new Set();
        if (known) ids.add(id);
        else ids.delete(id);
        if (ids.size > 0) this.#byJid.set(name, ids);
        else this.#byJid.delete(name);
      }
    }
  }
}

export function viewOf({ id, no, shard, quarantined, createdAt, status }: Entry): DeviceView {
  return { id, no, shard, createdAt, ...(quarantined && { quarantined }), ...status };
}

export function entryOf(
  { id, no, createdAt, jid, lid, name, state, reason, stateAt }: DeviceRow,
  epoch: number,
  key: Uint8Array,
  broken?: string,
): Entry {
  const linked = state !== 'unlinked' && jid !== null;
  return {
    id,
    no,
    epoch,
    createdAt,
    key,
    ...(broken !== undefined && { broken }),
    shard: null,
    status: {
      phase: state === 'stopped' ? 'stopped' : linked ? 'waiting' : 'unlinked',
      since: stateAt.getTime(),
      linked,
      ...(jid !== null && linked && { jid }),
      ...(lid !== null && linked && { lid }),
      ...(name !== null && linked && { name }),
      ...(reason !== null && { reason }),
    },
  };
}

export function seatOf({ id, no, epoch, key, broken, status }: Entry, crashed: string | undefined): Seat {
  return {
    id,
    no,
    epoch,
    key,
    ...(broken !== undefined && { broken }),
    ...(status.phase === 'stopped' && { stopped: status.reason ?? 'stopped' }),
    ...(crashed !== undefined && { crashed }),
  };
}
