// What a phone knows about its own history: pasts that were made up for it, and what it sent to companions of it.
import { proto } from '@whiskeysockets/baileys';
import type { Device } from '../accounts/accounts.ts';
import { keepLast } from '../bounded.ts';
import type { PastSpec } from './past-spec.ts';

/** One notification of history that went to a companion. */
export interface Transfer {
  /** Id of the companion. */
  readonly device: number;
  /** Of the peer message. */
  readonly id: string;
  /** `INITIAL_BOOTSTRAP`, `RECENT`, … */
  readonly syncType: string;
  readonly chunkOrder: number;
  readonly progress: number;
  readonly messages: number;
  /** Compressed. */
  readonly bytes: number;
  readonly inline: boolean;
}

const KEPT_TRANSFERS = 1_000;

export class PhoneHistory {
  readonly pasts: PastSpec[] = [];
  /** The oldest are forgotten first; not kept in the state file, like the ledger. */
  readonly transfers: Transfer[] = [];
  /** Companions that are being told at this moment. */
  readonly telling = new Set<Device>();

  sent(transfer: Transfer): void {
    keepLast(this.transfers, transfer, KEPT_TRANSFERS);
  }
}

export function syncTypeName(type: proto.HistorySync.HistorySyncType): string {
  return proto.HistorySync.HistorySyncType[type] ?? String(type);
}
