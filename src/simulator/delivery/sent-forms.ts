// A sender hears of a message in the form in which it wrote the recipient, also where it was delivered in the other one.
import type { Account } from '../accounts/accounts.ts';
import { BoundedMap } from '../bounded.ts';
import type { Domain } from '../wire/jid.ts';

/** Only messages that were delivered in another form are in here; the oldest go first. */
const KEPT = 50_000;

export class SentForms {
  readonly #forms = new BoundedMap<Domain>(KEPT);

  remember(sender: Account, id: string, form: Domain): void {
    this.#forms.set(`${sender.lid} ${id}`, form);
  }

  /** The form in which `sender` wrote this message's recipient, if it is not the one that was delivered. */
  of(sender: Account, id: string): Domain | undefined {
    return this.#forms.get(`${sender.lid} ${id}`);
  }

  capture(): [string, Domain][] {
    return [...this.#forms.entries()];
  }

  restore(kept: readonly [string, Domain][]): void {
    for (const [key, form] of kept) this.#forms.set(key, form);
  }
}
