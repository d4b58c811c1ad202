// What a phone heard of the messages of its account: who got them, who read them.
import { forgetOldest } from '../bounded.ts';
import { type BinaryNode, child, children } from '../wire/stanza.ts';

export interface PhoneReceipt {
  /** JID of the device that says so, as the stanza named it; in a group the member's. */
  readonly from: string;
  /** `delivered`, `read`, `played`, … */
  readonly type: string;
  /** Unix seconds. */
  readonly timestamp: number;
}

const KEPT_MESSAGES = 1_000;
/** Per message: a large group's members, each with two or three devices that say delivered and read. */
const KEPT_RECEIPTS = 5_000;

export class PhoneReceipts {
  /** By message id, in the order they came. */
  readonly #of = new Map<string, PhoneReceipt[]>();

  of(id: string): readonly PhoneReceipt[] {
    return this.#of.get(id) ?? [];
  }

  /** Takes a `<receipt>` that came to the phone at `timestamp` (Unix seconds). */
  hear(receipt: BinaryNode, timestamp: number): void {
    const { id = '', from = '', participant, type = 'delivered' } = receipt.attrs;
    const more = children(child(receipt, 'list'), 'item').map(item => item.attrs.id ?? '');
    for (const one of [id, ...more]) this.restore(one, [{ from: participant ?? from, type, timestamp }]);
  }

  restore(id: string, receipts: readonly PhoneReceipt[]): void {
    const heard = this.#of.get(id);
    if (!heard) this.#of.set(id, [...receipts]);
    else if (heard.length < KEPT_RECEIPTS) heard.push(...receipts);
    forgetOldest(this.#of, KEPT_MESSAGES);
  }

  /** Everything, for keeping. */
  entries(): IterableIterator<[string, PhoneReceipt[]]> {
    return this.#of.entries();
  }
}
