// What the API may ask of the machine below it. The supervisor implements it; the API knows nothing else of it.
import type { AnswerOf, CommandType, Count, DeviceStatus, InputOf, Pulse } from '../shard/protocol.ts';

/** A device as the API shows it. `shard` is the number of the thread that hosts it, null while it has none. */
export interface DeviceView extends DeviceStatus {
  readonly id: string;
  readonly no: number;
  readonly shard: number | null;
  /** This node does not run it: another does, or nobody does for a moment. It takes no commands here. */
  readonly elsewhere?: true;
  readonly createdAt: Date;
  /** It was at work when its thread died, more than once: it runs in the quarantine thread. */
  readonly quarantined?: true;
}

export interface CommandOptions {
  /** Milliseconds until the caller gives up; the command waits this long for a restarting shard. */
  readonly within: number;
  /** The request's id, for the log. */
  readonly request: string;
  /** It was asked for before, and nobody knows how far it came: a message that was sent is not sent again. */
  readonly again?: true;
}

export interface Devices {
  list(): DeviceView[];
  /** By our id, by the account's JID, or by the linked device's own JID (with its device part). */
  find(idOrJid: string): DeviceView | undefined;
  /** Makes an unlinked device; a missing id is generated. Fails with INVALID_DEVICE_ID or DEVICE_EXISTS. */
  create(id?: string): Promise<DeviceView>;
  /** Logs out where it can, closes the socket and forgets everything of the device. Fails with DEVICE_NOT_FOUND or DEVICE_ELSEWHERE. */
  remove(id: string, options: CommandOptions): Promise<void>;
  /**
   * Runs a command on the device's shard: `C` is the type of its file. Fails with the command's own code, DEVICE_ELSEWHERE,
   * SHARD_UNAVAILABLE, GATEWAY_TIMEOUT or OUTCOME_UNKNOWN.
   */
  command<C extends CommandType>(
    id: string,
    name: C['name'],
    input: InputOf<C>,
    options: CommandOptions,
  ): Promise<AnswerOf<C>>;
  /** Resolves when the device's status changes or `within` milliseconds have passed. */
  changed(id: string, within: number): Promise<void>;
}

/** Devices on their way from one installation to another, in an archive that a passphrase locks. */
export interface Moving {
  /**
   * Stops the device here for good, so that no two installations run it, and resolves with its archive; again and again
   * with the same. Fails with DEVICE_NOT_FOUND, DEVICE_ELSEWHERE, DEVICE_NOT_LINKED, DEVICE_STOPPED or STORE_UNAVAILABLE.
   */
  export(id: string, passphrase: string): Promise<Buffer>;
  /**
   * Makes the device of an archive, under its own id unless another is given, and runs it. Fails with ARCHIVE_INVALID,
   * ARCHIVE_LOCKED, DEVICE_EXISTS, INVALID_DEVICE_ID or STORE_UNAVAILABLE.
   */
  import(archive: Uint8Array, passphrase: string, id?: string): Promise<DeviceView>;
  /** Runs a device here again that was exported; one that was not runs on. Fails as `export` does. */
  takeBack(id: string): Promise<DeviceView>;
}

/** The state of one shard, for readiness and metrics. */
export interface ShardView {
  readonly shard: number;
  readonly state: 'starting' | 'up' | 'draining' | 'down' | 'quarantined';
  readonly devices: number;
  readonly restarts: number;
  /** Of the restarts those in good order, for its memory. */
  readonly replacements: number;
  readonly pulse: Pulse | null;
  /** It is the quarantine thread, which hosts suspects alone: its deaths are no news. */
  readonly quarantine?: true;
}

/** How many devices this node runs and how many it does not, and why it may run none just now. */
export interface OwnershipView {
  readonly here: number;
  readonly elsewhere: number;
  readonly missing: string | undefined;
}

export interface Fleet {
  shards(): ShardView[];
  ownership(): OwnershipView;
  /** Devices that wait for the connect gate. */
  connectsWaiting(): number;
  /** How often something has happened in all shards since the start. */
  count(what: Count): number;
  /** Round trips of pings since the last call, in milliseconds. */
  takePings(): number[];
}
