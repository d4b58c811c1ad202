// Routes about businesses: what a phone that is one says about itself, sells, and was asked for.
import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { phoneOf } from '../accounts/phones.ts';
import type { Business, Product } from '../business/businesses.ts';
import { blankProduct, MAX_PRODUCTS } from '../business/catalog.ts';
import { makeBusiness } from '../business/profile.ts';
import { defined } from '../defined.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { Said, Text } from './business-body.ts';
import { OfPhone } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const ProductBody = z.object({
  name: z.string().min(1).max(150),
  description: z.string().max(5_000).optional(),
  price: z.number().int().min(0).optional().openapi({ description: 'In thousandths of the currency.' }),
  currency: z.string().length(3).optional(),
  retailerId: z.string().max(100).optional(),
  url: Text.optional(),
  images: z.array(Text).max(10).optional(),
  hidden: z.boolean().optional(),
});
const ProductView = ProductBody.extend({ id: z.string() });
const CollectionView = z.object({ id: z.string(), name: z.string(), products: z.array(z.string()) });
const BusinessView = Said.extend({
  phone: z.string(),
  coverPhoto: z.string().optional(),
  products: z.array(ProductView),
  collections: z.array(CollectionView),
});

export const businessShapes = shapes({
  business: {
    id: 'business',
    method: 'get',
    path: '/phones/{phone}/business',
    tag: 'business',
    summary: 'What a business says about itself and sells',
    params: OfPhone,
    results: BusinessView,
  },
  setBusiness: {
    id: 'setBusiness',
    method: 'put',
    path: '/phones/{phone}/business',
    tag: 'business',
    summary: 'The phone is a business from now on, or says something else; what is absent stays',
    params: OfPhone,
    body: Said,
    results: BusinessView,
  },
  addProduct: {
    id: 'addProduct',
    method: 'post',
    path: '/phones/{phone}/products',
    tag: 'business',
    summary: 'One more product in the catalogue',
    params: OfPhone,
    body: ProductBody,
    results: ProductView,
  },
  addCollection: {
    id: 'addCollection',
    method: 'post',
    path: '/phones/{phone}/collections',
    tag: 'business',
    summary: 'Products of the catalogue under a name',
    params: OfPhone,
    body: z.object({ name: z.string().min(1).max(100), products: z.array(z.string()).max(MAX_PRODUCTS) }),
    results: CollectionView,
  },
  addOrder: {
    id: 'addOrder',
    method: 'post',
    path: '/phones/{phone}/orders',
    tag: 'business',
    summary: 'Somebody ordered: the id and the token are what an order message carries',
    params: OfPhone,
    body: z.object({
      items: z
        .array(z.object({ product: z.string(), quantity: z.number().int().min(1).max(999) }))
        .min(1)
        .max(MAX_PRODUCTS),
    }),
    results: z.object({ id: z.string(), token: z.string() }),
  },
});

export function businessRoutes(add: AddRoute, world: World): void {
  const businessOf = (phone: string): Business => {
    const business = world.businesses.of(phoneOf(world, phone).account);
    if (!business)
      throw new Refused(409, `${phone} is no business; PUT /admin/phones/${phone}/business makes it one`);
    return business;
  };
  const product = (business: Business, id: string) => {
    if (!business.products.has(id)) throw new Refused(404, `there is no product ${id}`);
    return id;
  };

  add(businessShapes.business, ({ params: { phone } }) => describeBusiness(phone, businessOf(phone)));

  add(businessShapes.setBusiness, ({ params: { phone }, body }) => {
    const business = makeBusiness(world, phoneOf(world, phone).account, body);
    return describeBusiness(phone, business);
  });

  add(businessShapes.addProduct, ({ params: { phone }, body }) => {
    const business = businessOf(phone);
    if (business.products.size >= MAX_PRODUCTS) throw new Refused(409, `${MAX_PRODUCTS} products are enough`);
    const { price, ...given } = body;
    const made: Product = {
      ...blankProduct(world.businesses.newId()),
      ...defined(given),
      price: price === undefined ? undefined : String(price),
    };
    business.products.set(made.id, made);
    world.changed();
    return describeProduct(made);
  });

  add(businessShapes.addCollection, ({ params: { phone }, body }) => {
    const business = businessOf(phone);
    const products = body.products.map(id => product(business, id));
    const made = { id: world.businesses.newId(), name: body.name, products };
    business.collections.set(made.id, made);
    world.changed();
    return made;
  });

  add(businessShapes.addOrder, ({ params: { phone }, body }) => {
    const business = businessOf(phone);
    for (const item of body.items) product(business, item.product);
    const made = {
      id: world.businesses.newId(),
      token: randomBytes(24).toString('base64'),
      items: body.items,
    };
    world.businesses.addOrder(business, made);
    world.changed();
    return { id: made.id, token: made.token };
  });
}

function describeBusiness(phone: string, business: Business): z.input<typeof BusinessView> {
  const { products, collections, orders: _, verifiedAt: __, ...said } = business;
  return {
    ...(said as z.input<typeof Said>),
    phone,
    products: [...products.values()].map(describeProduct),
    collections: [...collections.values()],
  };
}

function describeProduct({ price, originCountry: _, ...product }: Product): z.input<typeof ProductView> {
  return { ...product, price: price === undefined ? undefined : Number(price) };
}
