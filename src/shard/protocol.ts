// The whole conversation between the supervisor and a shard. Down: the supervisor's wishes. Up: facts and answers.
// Nothing here has behaviour and nothing is imported at run time; both sides import it.
import type { HealthLimits } from '../device/health/health.ts';
import type { DeviceSettings } from '../device/household/settings.ts';
import type { UnreadLimits } from '../device/receiving/unread-rules.ts';
import type { FailureReport } from '../errors.ts';
import type { DatabaseAddress } from '../store/database.ts';

export type DeviceId = string;
/** Numbers a command so that its answer finds it; unique per shard generation. */
export type RequestId = number;

/** What a shard must know of a device to host it. `epoch` names the term of ownership that its writes are fenced by. */
export interface Seat {
  readonly id: DeviceId;
  readonly no: number;
  readonly epoch: number;
  /** The device's own key, 32 bytes: everything secret of it is stored sealed with that. */
  readonly key: Uint8Array;
  /** Why it must not run: its key does not open. It is not hosted then, and this is the answer to commands. */
  readonly barred?: string;
  /** Its thread died of it more than once: it runs in the quarantine thread. */
  readonly suspected?: true;
  /** Why it rests: it took its thread with it too often. It is hosted, and tried again after an hour. */
  readonly crashed?: string;
}

/**
 * What an API call wants of one device: the name of a file in `device/commands/` and what that file is given. The port
 * knows nothing of either: a new command changes nothing here.
 */
export interface Command {
  readonly do: string;
  readonly input: unknown;
  /** It was given to a thread that died with it: nobody knows how far it came. */
  readonly again?: boolean;
}

/** The type of a command's file, as callers see it: `devices.command<typeof sendText>('send-text', …)`. */
export interface CommandType {
  readonly name: string;
  readonly run: (input: never, ...rest: never[]) => Promise<unknown>;
}
export type InputOf<C extends CommandType> = Parameters<C['run']>[0];
export type AnswerOf<C extends CommandType> = Awaited<ReturnType<C['run']>>;

/**
 * The part of its input that every message has. `id` is the WhatsApp id that it has at every attempt: giving it again is no
 * second message. `to` is a JID; `duration` the disappearing timer in seconds.
 */
export interface Addressed {
  readonly id: string;
  readonly to: string;
  readonly replyTo?: string;
  readonly mentions?: readonly string[];
  readonly forwarded?: boolean;
  readonly duration?: number;
  readonly viewOnce?: boolean;
  /** JIDs of those who get a status post. */
  readonly recipients?: readonly string[];
}

/** The answer of every command that sends a message; `at` is WhatsApp's time, in ms since 1970. */
export interface Sent {
  readonly messageId: string;
  readonly at: number;
}

/** A pairing under way: a QR text to scan or a code to type, valid until a time (ms since 1970). */
export type Pairing =
  | { readonly by: 'qr'; readonly qr: string; readonly until: number }
  | { readonly by: 'code'; readonly code: string; readonly until: number };

/**
 * The phases of a device, as `device/state.ts` moves them:
 * unlinked (nobody paired it) · waiting (for the connect gate or a backoff) · connecting · pairing (a QR or a code is
 * shown) · open (WhatsApp serves it) · stopped (WhatsApp refuses it, a person must act) · conflict (somebody else
 * connects with the same credentials, a person must act) · crashed (it failed too often by itself and rests, for an hour
 * or until a person asks).
 */
export type Phase =
  | 'unlinked'
  | 'waiting'
  | 'connecting'
  | 'pairing'
  | 'open'
  | 'stopped'
  | 'conflict'
  | 'crashed';

/** A device as it is now. `since` is when it entered the phase; `reason` says why it is not open. */
export interface DeviceStatus {
  readonly phase: Phase;
  readonly since: number;
  readonly linked: boolean;
  readonly jid?: string;
  readonly lid?: string;
  readonly name?: string;
  readonly reason?: string;
  readonly pairing?: Pairing;
  /** While it is degraded: what is wrong with it; empty when nothing is any more and it has not recovered yet. */
  readonly degraded?: readonly Complaint[];
}

/** One thing that is wrong with a device: its code (docs/health.md), and the sentence with its figure. */
export interface Complaint {
  readonly code: string;
  readonly text: string;
}

/** How a device is, measured. Times are ms since 1970, absent when it has not happened on this connection. */
export interface HealthReport {
  readonly degraded: boolean;
  readonly complaints: readonly Complaint[];
  readonly connectedSince?: number;
  readonly lastInboundAt?: number;
  readonly lastAckAt?: number;
  readonly lastPongAt?: number;
  /** Round trip of a ping, in milliseconds: the last, and smoothed. */
  readonly pingMs?: number;
  readonly pingSmoothMs?: number;
  /** Of the last messages (at most 50, of 15 minutes) so many could not be decrypted. */
  readonly decrypts: { readonly failed: number; readonly of: number };
  readonly reconnectsLastHour: number;
  /** Stanzas that came and are not handled yet. */
  readonly unhandled: number;
  readonly awaitingAck: number;
  /** How long the oldest of them waits, in milliseconds. */
  readonly awaitingAckMs?: number;
  /** How old the oldest event is that is not in the journal yet, in milliseconds. */
  readonly oldestEventMs?: number;
}

/** Faults that tests and the demo inject to prove what the supervisor promises. */
export type Fault =
  | 'throw'
  | 'reject'
  | 'exit'
  | 'loop'
  | 'heap'
  | 'map'
  | 'return'
  | 'clock-forward'
  | 'clock-back';

export type ToShard =
  | { readonly op: 'adopt'; readonly seats: readonly Seat[] }
  /** The device was removed: its id may come back with another number. */
  | { readonly op: 'release'; readonly device: DeviceId; readonly no: number }
  /** The device is another node's: its socket is closed at once and nothing of it is stored. */
  | { readonly op: 'abandon'; readonly device: DeviceId; readonly no: number }
  /** The lease of the node is lost: the same for all devices. */
  | { readonly op: 'suspend' }
  | { readonly op: 'admit'; readonly device: DeviceId }
  | {
      readonly op: 'command';
      readonly id: RequestId;
      readonly device: DeviceId;
      readonly command: Command;
      /** Of the clock `monotonic` (lib/deadline.ts), which all threads share; `drain` too. */
      readonly deadline: number;
      readonly request: string;
    }
  | { readonly op: 'credit'; readonly events: number }
  | { readonly op: 'drain'; readonly by: number }
  /** With a device it happens in the device's name, as if it were its work. */
  | { readonly op: 'fault'; readonly fault: Fault; readonly device?: DeviceId };

export type Reply =
  | { readonly ok: true; readonly answer: unknown }
  | { readonly ok: false; readonly error: FailureReport };

/** A committed event, ready to be sent: `body` is the delivered JSON text. */
export interface Streamed {
  readonly device: DeviceId;
  readonly deviceNo: number;
  readonly seq: number;
  readonly id: string;
  readonly event: string;
  readonly body: string;
}

export type FromShard =
  | { readonly op: 'hello'; readonly threadId: number }
  | { readonly op: 'knock'; readonly device: DeviceId }
  | { readonly op: 'status'; readonly device: DeviceId; readonly status: DeviceStatus }
  | { readonly op: 'reply'; readonly id: RequestId; readonly reply: Reply }
  | { readonly op: 'events'; readonly events: readonly Streamed[] }
  | { readonly op: 'pulse'; readonly pulse: Pulse }
  /** It has found the lease of that term run out and closed everything. */
  | { readonly op: 'suspended'; readonly term: number }
  /** A write in that epoch was refused: the device is another's, and no longer hosted. */
  | { readonly op: 'fenced'; readonly device: DeviceId; readonly no: number; readonly epoch: number }
  | { readonly op: 'bye' };

/** The load of a shard, every few seconds, for metrics. Milliseconds and bytes. */
export interface Pulse {
  readonly devices: number;
  readonly loopLagP99: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly creditInUse: number;
  readonly eventsQueued: number;
  /** Since the last pulse: round trips of pings in milliseconds, and how often what happened. */
  readonly pings: readonly number[];
  readonly counts: Partial<Readonly<Record<Count, number>>>;
}

/** What shards count for the metrics. */
export type Count = 'deaf' | 'undecryptable' | 'recovered_by_retry' | 'recovered_by_phone' | 'lost';

/**
 * Slots of the shared heartbeat array (Int32): beats counted, heap and array buffers in KiB, and the number of the device
 * whose synchronous work is being done (0: nobody's).
 */
export const BEATS = 0;
export const HEAP_KIB = 1;
export const BUFFERS_KIB = 2;
export const SUSPECT = 3;
/** Written by the supervisor: 1 while the process is short of memory. */
export const PRESSED = 4;
/** Counted up by the supervisor each time that the thread is to give back memory that it does not use. */
export const COLLECTED = 5;
export const HEARTBEAT_SLOTS = 6;

/** The name of a global function of a shard's thread: the number of the device in whose name it works, 0 for nobody. */
export const BLAMED = '__cardumeBlamed';

/** What a shard thread is started with; everything in it survives a structured clone. */
export interface ShardSettings {
  readonly shard: number;
  readonly node: string;
  readonly beats: SharedArrayBuffer;
  /** Until when the node may act for its devices, as `lib/lease-clock.ts` reads it. */
  readonly lease: SharedArrayBuffer;
  readonly credit: number;
  readonly database: DatabaseAddress;
  readonly connections: number;
  readonly whatsapp: {
    readonly socketUrl?: string;
    readonly rootKey?: string;
    readonly ca?: string;
    readonly mediaUrl?: string;
  };
  /** How devices are set up for which nothing else was set. */
  readonly defaults?: Partial<DeviceSettings>;
  readonly proxyAllow?: readonly string[];
  readonly logLevel: string;
  /** Text of the setting FAILPOINTS. */
  readonly failpoints?: string;
  /** Other limits than usual, for tests. */
  readonly health?: Partial<HealthLimits>;
  readonly unread?: Partial<UnreadLimits>;
}
