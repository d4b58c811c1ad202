// A product as stanzas carry it (Baileys Utils/business.ts toProductNode, parseProductNode).
import { IqError } from '../stanzas/request.ts';
import { type BinaryNode, bytes, child, children, node } from '../wire/stanza.ts';
import type { Product } from './businesses.ts';

/** Bytes; the app takes 150 characters of name and 5,000 of description. */
const MAX_NAME = 600;
const MAX_TEXT = 20_000;
const MAX_IMAGES = 10;

export function productNode(product: Product): BinaryNode {
  const field = (tag: string, value: string | undefined) =>
    value === undefined ? [] : [node(tag, {}, Buffer.from(value))];
  const images = product.images.map(url =>
    node('image', {}, [...field('request_image_url', url), ...field('original_image_url', url)]),
  );
  const origin = product.originCountry;
  return node('product', { is_hidden: String(product.hidden) }, [
    ...field('id', product.id),
    ...field('retailer_id', product.retailerId),
    ...field('name', product.name),
    ...field('description', product.description),
    ...field('url', product.url),
    ...field('price', product.price),
    ...field('currency', product.currency),
    node('media', {}, images),
    ...(origin === undefined ? [] : [node('compliance_info', {}, field('country_code_origin', origin))]),
    // Nobody reviews here.
    node('status_info', {}, [node('status', {}, Buffer.from('APPROVED'))]),
  ]);
}

/** The product that a client wrote, with what it left out taken from `before`. Throws {@link IqError} 400. */
export function readProduct(given: BinaryNode, before: Product): Product {
  const price = text(given, 'price') ?? before.price;
  const images = children(child(given, 'media'), 'image').map(image => text(image, 'url') ?? '');
  const product: Product = {
    id: before.id,
    name: text(given, 'name') ?? before.name,
    description: text(given, 'description') ?? before.description,
    price,
    currency: text(given, 'currency') ?? before.currency,
    retailerId: text(given, 'retailer_id') ?? before.retailerId,
    url: text(given, 'url') ?? before.url,
    images: images.length > 0 ? images : before.images,
    hidden: given.attrs.is_hidden === undefined ? before.hidden : given.attrs.is_hidden === 'true',
    originCountry: text(child(given, 'compliance_info'), 'country_code_origin') ?? before.originCountry,
  };
  const tooLong =
    product.name.length > MAX_NAME ||
    images.length > MAX_IMAGES ||
    [product.description, product.retailerId, product.url, ...images].some(
      one => (one?.length ?? 0) > MAX_TEXT,
    );
  if (tooLong || (price !== undefined && !/^\d{1,15}$/.test(price))) throw new IqError(400);
  return product;
}

export function text(holder: BinaryNode | undefined, tag: string): string | undefined {
  return bytes(child(holder, tag))?.toString();
}
