/** The devices of the database as this node knows them: found by id or JID in constant time, with their last status. */
import type { DeviceStatus, Seat } from '../shard/protocol.ts';
import type { DeviceRow } from '../store/devices.ts';
import { type Access, NO_ACCESS } from './access.ts';
import type { DeviceView } from './devices.ts';

export interface Entry {
  readonly id: string;
  readonly no: number;
  readonly createdAt: Date;
  access: Access;
  /** The term of ownership; ours when it is held. */
  epoch: number;
  /** Whether this node runs it. One that is not is another node's, or nobody's for a moment. */
  held: boolean;
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

  /** How many devices each shard has. */
  counts(): Map<number, number> {
    const counts = new Map<number, number>();
    for (const { shard } of this.entries())
      if (shard !== null) counts.set(shard, (counts.get(shard) ?? 0) + 1);
    return counts;
  }

  entries(): IterableIterator<Entry> {
    return this.#byId.values();
  }

  /** Those that this node runs. */
  held(): Entry[] {
    return [...this.#byId.values()].filter(({ held }) => held);
  }

  /** Puts it in the place of whatever has its id. */
  add(entry: Entry): void {
    this.remove(entry.id);
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

export function viewOf({ id, no, shard, held, quarantined, createdAt, status }: Entry): DeviceView {
  return {
    id,
    no,
    shard,
    createdAt,
    ...(!held && { elsewhere: true as const }),
    ...(quarantined && { quarantined }),
    ...status,
  };
}

export function seatOf({ id, no, epoch, access, quarantined }: Entry, crashed?: string): Seat {
  return {
    id,
    no,
    epoch,
    ...access,
    ...(quarantined && { suspected: quarantined }),
    ...(crashed !== undefined && { crashed }),
  };
}

/** A device as its row has it: held by this node in that epoch if there is access to it, or another's. */
export function entryOf(row: DeviceRow, access?: Access): Entry {
  const { id, no, epoch, createdAt } = row;
  const held = access !== undefined;
  return {
    id,
    no,
    createdAt,
    access: access ?? NO_ACCESS,
    epoch,
    held,
    shard: null,
    status: access?.barred === undefined ? statusOf(row, held) : barredStatus(row, access.barred),
  };
}

const ELSEWHERE = 'another node runs this device';

/** What can be said of a device before a shard has said it, or when none of ours will. */
export function statusOf(
  { jid, lid, name, state, reason, stateAt, exportedAt }: DeviceRow,
  held: boolean,
): DeviceStatus {
  const linked = state !== 'unlinked' && jid !== null;
  const halted = state === 'stopped' || state === 'conflict' ? state : exportedAt !== null && 'stopped';
  const why = held || halted ? reason : ELSEWHERE;
  return {
    phase: halted || (linked ? 'waiting' : 'unlinked'),
    since: stateAt.getTime(),
    linked,
    ...(jid !== null && linked && { jid }),
    ...(lid !== null && linked && { lid }),
    ...(name !== null && linked && { name }),
    ...(why !== null && { reason: why }),
  };
}

export function barredStatus(row: DeviceRow, reason: string): DeviceStatus {
  return { ...statusOf(row, true), phase: 'stopped', reason };
}

/** A device that was ours a moment ago, or whose thread is gone: as far as anybody can see it waits. */
export function interruptedStatus({ status }: Entry, reason: string): DeviceStatus {
  const { linked, phase, pairing: _ended, ...rest } = status;
  if (phase === 'stopped' || phase === 'conflict' || phase === 'crashed') return status;
  return { ...rest, linked, since: Date.now(), reason, phase: linked ? 'waiting' : 'unlinked' };
}
