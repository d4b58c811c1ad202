// Accounts that are businesses: what they say about themselves, what they sell, what was ordered. Plain state.
import type { Account } from '../accounts/accounts.ts';

export interface Hours {
  readonly day: string;
  /** open_24h, specific_hours, appointment_only. */
  readonly mode: string;
  /** Minutes after midnight. */
  readonly open?: number | undefined;
  readonly close?: number | undefined;
}

export interface Product {
  readonly id: string;
  name: string;
  description: string;
  /** In thousandths of the currency, as the wire has it. */
  price: string | undefined;
  currency: string | undefined;
  retailerId: string | undefined;
  url: string | undefined;
  images: string[];
  hidden: boolean;
  originCountry: string | undefined;
}

export interface Collection {
  readonly id: string;
  name: string;
  products: string[];
}

export interface Order {
  readonly id: string;
  /** Whoever has it may look at the order. */
  readonly token: string;
  readonly items: readonly { readonly product: string; readonly quantity: number }[];
}

export interface Business {
  verifiedName: string;
  /** Unix seconds; moves with the name. */
  verifiedAt: number;
  address: string | undefined;
  email: string | undefined;
  description: string | undefined;
  websites: string[];
  categories: { readonly id: string; readonly name: string }[];
  hours: { readonly timezone: string; readonly days: readonly Hours[] } | undefined;
  coverPhoto: string | undefined;
  readonly products: Map<string, Product>;
  readonly collections: Map<string, Collection>;
  readonly orders: Map<string, Order>;
}

export class Businesses {
  readonly #byAccount = new Map<Account, Business>();
  readonly #byOrder = new Map<string, Business>();
  /** Signed names, for as long as they are the names. */
  readonly certificates = new WeakMap<Account, { name: string; bytes: Buffer }>();
  #ids = 1_000_000_000_000_000;

  of(account: Account | undefined): Business | undefined {
    return account && this.#byAccount.get(account);
  }

  all(): IterableIterator<[Account, Business]> {
    return this.#byAccount.entries();
  }

  /** Makes an account a business, or gives the one that it is. */
  ensure(account: Account, verifiedName: string, now: number): Business {
    const known = this.#byAccount.get(account);
    if (known) return known;
    const business: Business = {
      verifiedName,
      verifiedAt: now,
      address: undefined,
      email: undefined,
      description: undefined,
      websites: [],
      categories: [],
      hours: undefined,
      coverPhoto: undefined,
      products: new Map(),
      collections: new Map(),
      orders: new Map(),
    };
    this.#byAccount.set(account, business);
    return business;
  }

  forget(account: Account): void {
    for (const id of this.#byAccount.get(account)?.orders.keys() ?? []) this.#byOrder.delete(id);
    this.#byAccount.delete(account);
  }

  addOrder(business: Business, order: Order): void {
    business.orders.set(order.id, order);
    this.#byOrder.set(order.id, business);
  }

  /** Whose order it is. */
  byOrder(id: string): Business | undefined {
    return this.#byOrder.get(id);
  }

  /** 16 digits, as products, collections and orders have. */
  newId(): string {
    return String(++this.#ids);
  }

  /** Ids made from now on are above this one, which was kept. */
  used(id: string): void {
    this.#ids = Math.max(this.#ids, Number(id) || 0);
  }
}
