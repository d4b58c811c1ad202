// xmlns `w:biz:catalog`: what a business sells (Baileys Socket/business.ts, Utils/business.ts).
import type { Account } from '../accounts/accounts.ts';
import { type Answer, IqError, type Request } from '../stanzas/request.ts';
import { type BinaryNode, bytes, child, children, node } from '../wire/stanza.ts';
import type { Business, Product } from './businesses.ts';
import { productNode, readProduct, text } from './product-node.ts';

/** Of one business; WhatsApp's own limit. */
export const MAX_PRODUCTS = 500;
const MAX_PAGE = 100;

/** A page of products: `<limit>`, and `<after>` with the cursor that the page before ended with. */
const catalog: Answer = request => {
  const { content } = request;
  const { business, own } = businessOf(request, content?.attrs.jid);
  const shown = [...business.products.values()].filter(product => own || !product.hidden);
  const after = text(content, 'after');
  const start = after === undefined ? 0 : shown.findIndex(product => product.id === after) + 1;
  const limit = limitIn(content, 'limit', 10);
  const page = shown.slice(start, start + limit);
  const last = page.at(-1);
  const more = last && start + limit < shown.length;
  return [
    node('product_catalog', {}, [
      ...page.map(productNode),
      ...(more ? [node('paging', {}, [node('after', {}, Buffer.from(last.id))])] : []),
    ]),
  ];
};

const collections: Answer = request => {
  const { content } = request;
  const { business, own } = businessOf(request, content?.attrs.biz_jid);
  const items = limitIn(content, 'item_limit', 51);
  const shown = [...business.collections.values()].slice(0, limitIn(content, 'collection_limit', 51));
  const nodes = shown.map(collection => {
    const products = collection.products
      .map(id => business.products.get(id))
      .filter((product): product is Product => product !== undefined && (own || !product.hidden));
    return node('collection', {}, [
      node('id', {}, Buffer.from(collection.id)),
      node('name', {}, Buffer.from(collection.name)),
      ...products.slice(0, items).map(productNode),
      node('status_info', {}, [
        node('status', {}, Buffer.from('APPROVED')),
        node('can_appeal', {}, Buffer.from('false')),
      ]),
    ]);
  });
  return [node('collections', {}, nodes)];
};

const add: Answer = request => {
  const business = ownBusiness(request);
  if (business.products.size >= MAX_PRODUCTS) throw new IqError(406);
  const given = child(request.content, 'product');
  const blank = blankProduct(request.world.businesses.newId());
  const product = given && readProduct(given, blank);
  if (!product || product.name === '') throw new IqError(400);
  business.products.set(product.id, product);
  request.world.changed();
  return [node('product_catalog_add', { v: '1' }, [productNode(product)])];
};

const edit: Answer = request => {
  const business = ownBusiness(request);
  const given = child(request.content, 'product');
  const before = business.products.get(text(given, 'id') ?? '');
  if (!given || !before) throw new IqError(404);
  const product = readProduct(given, before);
  business.products.set(product.id, product);
  request.world.changed();
  return [node('product_catalog_edit', { v: '1' }, [productNode(product)])];
};

const remove: Answer = request => {
  const business = ownBusiness(request);
  let deleted = 0;
  for (const given of children(request.content, 'product'))
    if (business.products.delete(text(given, 'id') ?? '')) deleted++;
  request.world.changed();
  return [node('product_catalog_delete', { v: '1', deleted_count: String(deleted) })];
};

/** An order, for who knows its token (Baileys getOrderDetails). Amounts are in thousandths. */
const order: Answer = ({ world, content }) => {
  const { id, op } = content?.attrs ?? {};
  if (op !== 'get' || id === undefined) throw new IqError(400);
  const found = world.businesses.byOrder(id);
  const placed = found?.orders.get(id);
  if (!found || !placed) throw new IqError(404);
  if (text(content, 'token') !== placed.token) throw new IqError(401);
  let total = 0;
  let currency = '';
  const lines = placed.items.flatMap(({ product: productId, quantity }) => {
    const product = found.products.get(productId);
    if (!product) return [];
    total += Number(product.price ?? 0) * quantity;
    currency = product.currency ?? currency;
    const field = (tag: string, value: string | undefined) => node(tag, {}, Buffer.from(value ?? ''));
    return [
      node('product', {}, [
        field('id', product.id),
        field('name', product.name),
        node('image', {}, [field('url', product.images[0])]),
        field('price', product.price),
        field('currency', product.currency),
        field('quantity', String(quantity)),
      ]),
    ];
  });
  const price = [
    node('total', {}, Buffer.from(String(total))),
    node('currency', {}, Buffer.from(currency)),
    node('price_status', {}, Buffer.from('final')),
  ];
  return [node('order', { id }, [...lines, node('price', {}, price)])];
};

export function blankProduct(id: string): Product {
  return {
    id,
    name: '',
    description: '',
    price: undefined,
    currency: undefined,
    retailerId: undefined,
    url: undefined,
    images: [],
    hidden: false,
    originCountry: undefined,
  };
}

function businessOf(
  { world, device }: Request,
  jid: string | undefined,
): { business: Business; own: boolean } {
  const account: Account | undefined = world.accounts.byJid(jid);
  const business = world.businesses.of(account);
  if (!business) throw new IqError(404);
  return { business, own: account === device.account };
}

function ownBusiness({ world, device }: Request): Business {
  const business = world.businesses.of(device.account);
  if (!business) throw new IqError(403);
  return business;
}

function limitIn(content: BinaryNode | undefined, tag: string, otherwise: number): number {
  const given = bytes(child(content, tag))?.toString();
  if (given === undefined) return otherwise;
  const limit = Number(given);
  if (!Number.isInteger(limit) || limit < 1) throw new IqError(400);
  return Math.min(limit, MAX_PAGE);
}

export const catalogIqs: Readonly<Record<string, Answer>> = {
  'w:biz:catalog/get/product_catalog': catalog,
  'w:biz:catalog/get/collections': collections,
  'w:biz:catalog/set/product_catalog_add': add,
  'w:biz:catalog/set/product_catalog_edit': edit,
  'w:biz:catalog/set/product_catalog_delete': remove,
  'fb:thrift_iq/get/order': order,
};
