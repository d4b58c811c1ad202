// Businesses as plain JSON and back, for keeping.
import type { World } from '../world.ts';
import type { Business, Collection, Order, Product } from './businesses.ts';

type Said = Omit<Business, 'products' | 'collections' | 'orders'>;

export interface KeptBusiness {
  phone: string;
  said: Said;
  products: Product[];
  collections: Collection[];
  orders: Order[];
}

export function captureBusinesses(world: World): KeptBusiness[] {
  return [...world.businesses.all()].map(([{ phone }, { products, collections, orders, ...said }]) => ({
    phone,
    said,
    products: [...products.values()],
    collections: [...collections.values()],
    orders: [...orders.values()],
  }));
}

/** The accounts must be there already. */
export function restoreBusinesses(world: World, state: readonly KeptBusiness[]): void {
  for (const { phone, said, products, collections, orders } of state) {
    const account = world.accounts.byPhone(phone);
    if (!account) continue;
    const business = world.businesses.ensure(account, said.verifiedName, said.verifiedAt);
    Object.assign(business, said);
    for (const one of products) business.products.set(one.id, one);
    for (const one of collections) business.collections.set(one.id, one);
    for (const one of orders) world.businesses.addOrder(business, one);
    for (const { id } of [...products, ...collections, ...orders]) world.businesses.used(id);
  }
}
