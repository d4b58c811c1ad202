// Sockets that wait to be linked: found by the ref in their QR, or by the number that asked for a pairing code.
import { randomBytes } from 'node:crypto';
import type { DeviceKeys } from '../accounts/accounts.ts';
import type { Events } from '../events.ts';
import type { Connection } from '../wire/connection.ts';

/** What a client that is not linked yet said of itself. */
export interface Registration {
  readonly keys: DeviceKeys;
  readonly noiseKey: Uint8Array;
  readonly pushName: string | undefined;
  /** Encoded DeviceProps. */
  readonly props: Uint8Array | undefined;
}

/** The first step of a pairing by code (protocol.md 4.4). */
export interface CompanionHello {
  readonly connection: Connection;
  readonly phone: string;
  /** salt 32, iv 16, AES-256-CTR of the companion's ephemeral key. */
  readonly wrappedEphemeral: Buffer;
  readonly ref: string;
}

/** A socket that shows QR codes, or was given a number and shows a code to type. */
export interface WaitingSocket {
  readonly id: string;
  readonly pushName: string | undefined;
  /** Set when it asked to be linked by a code with this number. */
  readonly phone: string | undefined;
}

// Six, as the real server sends: the first is shown for 60 s, the others 20 s each (Baileys socket.ts).
const REFS = 6;

export class PairingDesk {
  readonly #events: Events;
  readonly #byRef = new Map<string, Connection>();
  readonly #open = new Map<Connection, { readonly id: string; readonly refs: readonly string[] }>();
  #count = 0;
  /** By number; of each connection the last one alone, since the client chooses the number. */
  readonly #hellos = new Map<string, CompanionHello>();
  readonly #numbers = new Map<Connection, string>();
  readonly #waiting = new Map<string, Set<(hello: CompanionHello) => void>>();

  constructor(events: Events) {
    this.#events = events;
  }

  /** Sockets that wait to be linked, the oldest first. */
  get open(): WaitingSocket[] {
    return [...this.#open].map(([connection, { id }]) => ({
      id,
      pushName: connection.registration?.pushName,
      phone: this.#numbers.get(connection),
    }));
  }

  /** Refs for one socket's QR codes. They must not hold a comma: the QR's fields are split at it. */
  issueRefs(connection: Connection): string[] {
    const refs = Array.from({ length: REFS }, () => `2@${randomBytes(48).toString('base64')}`);
    for (const ref of refs) this.#byRef.set(ref, connection);
    const id = `socket-${++this.#count}`;
    this.#open.set(connection, { id, refs });
    this.#events.tell({ kind: 'waiting', id, waits: true });
    return refs;
  }

  byRef(ref: string): Connection | undefined {
    return this.#byRef.get(ref);
  }

  greet(hello: CompanionHello): void {
    this.#forgetHello(hello.connection);
    this.#hellos.set(hello.phone, hello);
    this.#numbers.set(hello.connection, hello.phone);
    const open = this.#open.get(hello.connection);
    if (open) this.#events.tell({ kind: 'waiting', id: open.id, waits: true, phone: hello.phone });
    const waiting = this.#waiting.get(hello.phone);
    this.#waiting.delete(hello.phone);
    for (const wake of waiting ?? []) wake(hello);
  }

  hello(phone: string): CompanionHello | undefined {
    return this.#hellos.get(phone);
  }

  /** The hello of that number, now or when it comes; undefined after `ms`, or as soon as `stopped` is aborted. */
  async helloWithin(phone: string, ms: number, stopped: AbortSignal): Promise<CompanionHello | undefined> {
    const known = this.#hellos.get(phone);
    if (known || stopped.aborted) return known;
    const waiting = this.#waiting.get(phone) ?? new Set();
    this.#waiting.set(phone, waiting);
    return new Promise(resolve => {
      const wake = (hello?: CompanionHello) => {
        clearTimeout(timer);
        stopped.removeEventListener('abort', gone);
        waiting.delete(wake);
        // Callers choose the numbers: none is kept that nobody waits for.
        if (waiting.size === 0 && this.#waiting.get(phone) === waiting) this.#waiting.delete(phone);
        resolve(hello);
      };
      const gone = () => wake();
      const timer = setTimeout(gone, ms);
      stopped.addEventListener('abort', gone);
      waiting.add(wake);
    });
  }

  forget(connection: Connection): void {
    const open = this.#open.get(connection);
    if (open) {
      this.#open.delete(connection);
      this.#events.tell({ kind: 'waiting', id: open.id, waits: false });
      for (const ref of open.refs) this.#byRef.delete(ref);
    }
    this.#forgetHello(connection);
  }

  #forgetHello(connection: Connection): void {
    const phone = this.#numbers.get(connection) ?? '';
    this.#numbers.delete(connection);
    // Another socket may have asked with the same number since.
    if (this.#hellos.get(phone)?.connection === connection) this.#hellos.delete(phone);
  }
}
