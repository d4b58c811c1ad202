// What waits for a device that is away: in order, and bounded, because a device may never come back.
import type { BinaryNode } from '../wire/stanza.ts';

interface Waiting {
  readonly stanza: BinaryNode;
  readonly bytes: number;
  /** Of a passing state: whether it is too old by now. It is not kept, not counted, and dropped before all others. */
  readonly worthless?: (() => boolean) | undefined;
}

/** Per device. Over them the oldest receipts go first, then notifications and calls, then messages. */
const MAX_STANZAS = 20_000;
const MAX_BYTES = 32 * 1024 * 1024;
/** How much is made free at once, so that a full backlog costs no more per stanza than an empty one. */
const TRIM_TO = 0.95;
/** What a stanza takes besides its contents, about. */
const OVERHEAD = 500;

export class Backlog {
  readonly #maxStanzas: number;
  readonly #maxBytes: number;
  #waiting: Waiting[] = [];
  #bytes = 0;
  /** Stanzas that were given up because there were too many. */
  dropped = 0;

  constructor(maxStanzas = MAX_STANZAS, maxBytes = MAX_BYTES) {
    this.#maxStanzas = maxStanzas;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Without passing states. */
  get stanzas(): BinaryNode[] {
    return this.#waiting.filter(one => !one.worthless).map(one => one.stanza);
  }

  has(stanza: BinaryNode): boolean {
    return this.#waiting.some(one => one.stanza === stanza);
  }

  /** With `worthless` it is a passing state. */
  push(stanza: BinaryNode, worthless?: () => boolean): void {
    const bytes = sizeOf(stanza);
    this.#waiting.push({ stanza, bytes, worthless });
    this.#bytes += bytes;
    if (this.#waiting.length > this.#maxStanzas || this.#bytes > this.#maxBytes) this.#trim();
  }

  /** Puts stanzas that went out before in front of all others. */
  putBack(stanzas: readonly BinaryNode[]): void {
    const back = stanzas.map(stanza => ({ stanza, bytes: sizeOf(stanza) }));
    this.#waiting = [...back, ...this.#waiting];
    this.#bytes = this.#waiting.reduce((sum, one) => sum + one.bytes, 0);
    if (this.#waiting.length > this.#maxStanzas || this.#bytes > this.#maxBytes) this.#trim();
  }

  /** The first `count`, without what has become worthless meanwhile; `lasting` is false for a passing state. */
  take(count: number): { stanza: BinaryNode; lasting: boolean }[] {
    const taken = this.#waiting.splice(0, count);
    for (const one of taken) this.#bytes -= one.bytes;
    return taken
      .filter(one => !one.worthless?.())
      .map(({ stanza, worthless }) => ({ stanza, lasting: !worthless }));
  }

  #trim(): void {
    let stanzas = this.#waiting.length - this.#maxStanzas * TRIM_TO;
    let bytes = this.#bytes - this.#maxBytes * TRIM_TO;
    if (stanzas < 1 && this.#waiting.length > this.#maxStanzas) stanzas = 1;
    const worth = [0, 1, 2, 3];
    for (const least of worth) {
      this.#waiting = this.#waiting.filter(one => {
        if ((stanzas <= 0 && bytes <= 0) || worthOf(one) !== least) return true;
        stanzas--;
        bytes -= one.bytes;
        this.#bytes -= one.bytes;
        if (!one.worthless) this.dropped++;
        return false;
      });
    }
  }
}

function worthOf({ stanza, worthless }: Waiting): number {
  if (worthless) return 0;
  if (stanza.tag === 'receipt') return 1;
  return stanza.tag === 'message' ? 3 : 2;
}

/** What a stanza takes in memory, about. */
function sizeOf(stanza: BinaryNode): number {
  const { content } = stanza;
  if (Array.isArray(content)) return content.reduce((sum, child) => sum + sizeOf(child), OVERHEAD);
  return OVERHEAD + (content?.length ?? 0);
}
