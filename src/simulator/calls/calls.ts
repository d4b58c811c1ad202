// Calls as plain state: who calls whom, and how far each side is. No sound passes; only the signalling does.
import type { Account } from '../accounts/accounts.ts';
import { forgetOldest } from '../bounded.ts';
import type { Group } from '../groups/groups.ts';
import type { Domain } from '../wire/jid.ts';

/** `silenced`: it was not let through, by privacy or a block, and the caller does not know. */
export type PartyState = 'ringing' | 'silenced' | 'accepted' | 'rejected' | 'left';

export interface Call {
  /** 32 hex digits, upper case. */
  readonly id: string;
  readonly caller: Account;
  /** Of the caller: 0 is the phone. */
  readonly callerDevice: number;
  readonly video: boolean;
  readonly group: Group | undefined;
  /** How the caller is named on the wire; today's servers use the LID. */
  readonly form: Domain;
  /** Everybody who was called. */
  readonly parties: Map<Account, PartyState>;
  /** Unix seconds. */
  readonly at: number;
  /** How it ended: `timeout`, `rejected`, `hangup`, …; undefined while it goes on. */
  ended: string | undefined;
  timer: NodeJS.Timeout | undefined;
}

export interface CallLink {
  readonly token: string;
  readonly media: 'audio' | 'video';
  readonly creator: Account;
}

/** The oldest go first. */
const KEPT_CALLS = 1_000;
const KEPT_LINKS = 1_000;

export class Calls {
  readonly #byId = new Map<string, Call>();
  readonly links = new Map<string, CallLink>();

  all(): IterableIterator<Call> {
    return this.#byId.values();
  }

  byId(id: string | undefined): Call | undefined {
    return id === undefined ? undefined : this.#byId.get(id);
  }

  add(call: Call): void {
    this.#byId.set(call.id, call);
    const [oldest] = this.#byId.keys();
    if (this.#byId.size <= KEPT_CALLS || oldest === undefined) return;
    clearTimeout(this.#byId.get(oldest)?.timer);
    this.#byId.delete(oldest);
  }

  addLink(link: CallLink): void {
    this.links.set(link.token, link);
    forgetOldest(this.links, KEPT_LINKS);
  }
}
