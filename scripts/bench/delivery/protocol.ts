/** What the processes of the delivery benchmark say to each other. */
import type { Streamed } from '../../../src/shard/protocol.ts';

/**
 * good: answers 200. slow: takes its time. flaky: 503 for some attempts. poisoned: 400 for some events, whenever they
 * come. dead: nobody listens.
 */
export const ENDPOINTS = ['good', 'slow', 'flaky', 'poisoned', 'dead'] as const;
export type EndpointName = (typeof ENDPOINTS)[number];

/** POSTs that were answered, in the order of their answers. Times are of `clock`. */
export interface Answered {
  readonly devices: number[];
  readonly seqs: number[];
  readonly times: number[];
  readonly statuses: number[];
  /** Which of the deliverer's processes asked. */
  readonly lives: number[];
}

/** Events in the order of their commits. */
export interface Committed {
  readonly devices: number[];
  readonly seqs: number[];
  readonly times: number[];
}

export interface Bodies {
  readonly ids: readonly string[];
  readonly bodies: readonly string[];
}

/** Requests, each answered with one `Reply` of the same id. */
export type ToReceivers =
  | { readonly op: 'open'; readonly seed: number; readonly slowMs: number }
  /** All answer 200 at once from now on. */
  | { readonly op: 'heal' }
  | { readonly op: 'ledger' };
export interface FromReceivers {
  readonly open: { readonly urls: Record<EndpointName, string>; readonly bare: string };
  readonly heal: undefined;
  readonly ledger: Record<EndpointName, Answered>;
}

export type ToProducer =
  | { readonly op: 'devices'; readonly address: string; readonly owner: string; readonly seed: number }
  /** Without a rate as fast as the journal takes them. `stream`: whether the deliverer is told of them. */
  | { readonly op: 'produce'; readonly events: number; readonly rate?: number; readonly stream: boolean }
  | { readonly op: 'commits' };
export interface FromProducer {
  readonly devices: undefined;
  readonly produce: Bodies;
  readonly commits: Committed;
}
export interface Stream {
  readonly op: 'events';
  readonly events: readonly Streamed[];
}

export type ToBare =
  | { readonly op: 'load'; readonly load: Bodies }
  | {
      readonly op: 'post';
      readonly url: string;
      /** Absent: the POSTs are not signed. */
      readonly secret?: string;
      /** Absent: one after the other without a pause. */
      readonly rate?: number;
      readonly concurrency: number;
    };
export interface FromBare {
  readonly load: undefined;
  readonly post: undefined;
}

export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** Milliseconds of the monotonic clock that all processes of a Linux machine share. */
export const clock = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
