// Which devices want to know of whose presence. A subscription ends with the connection, as on the real server: clients
// subscribe again after a login.
import type { Account, Device } from '../accounts/accounts.ts';
import type { Domain } from '../wire/jid.ts';

/** Of one device: more than any chat list shows at once. */
const MAX_SUBSCRIPTIONS = 5_000;

interface Subscriptions {
  readonly accounts: Set<Account>;
  readonly groups: Set<string>;
}

export class Presences {
  readonly #ofAccount = new Map<Account, Map<Device, Domain>>();
  readonly #ofGroup = new Map<string, Set<Device>>();
  readonly #byDevice = new Map<Device, Subscriptions>();
  /** Accounts of which some device is available. */
  readonly online = new Set<Account>();

  /** The subscriber hears of the account under the form that it asked with. */
  watchAccount(device: Device, account: Account, form: Domain): void {
    const mine = this.#subscriptions(device);
    if (mine.accounts.size >= MAX_SUBSCRIPTIONS) return;
    mine.accounts.add(account);
    const watchers = this.#ofAccount.get(account);
    if (watchers) watchers.set(device, form);
    else this.#ofAccount.set(account, new Map([[device, form]]));
  }

  watchGroup(device: Device, group: string): void {
    const mine = this.#subscriptions(device);
    if (mine.groups.size >= MAX_SUBSCRIPTIONS) return;
    mine.groups.add(group);
    const watchers = this.#ofGroup.get(group);
    if (watchers) watchers.add(device);
    else this.#ofGroup.set(group, new Set([device]));
  }

  watchersOf(account: Account): Iterable<[Device, Domain]> {
    return this.#ofAccount.get(account) ?? [];
  }

  watchersOfGroup(group: string): Iterable<Device> {
    return this.#ofGroup.get(group) ?? [];
  }

  /** The device is gone: it hears of nobody any more. */
  forget(device: Device): void {
    const mine = this.#byDevice.get(device);
    if (!mine) return;
    this.#byDevice.delete(device);
    for (const account of mine.accounts) this.#ofAccount.get(account)?.delete(device);
    for (const group of mine.groups) this.#ofGroup.get(group)?.delete(device);
  }

  #subscriptions(device: Device): Subscriptions {
    let mine = this.#byDevice.get(device);
    if (!mine) {
      mine = { accounts: new Set(), groups: new Set() };
      this.#byDevice.set(device, mine);
    }
    return mine;
  }
}
