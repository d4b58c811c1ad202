// What businesses say of themselves and sell.
import { z } from '@hono/zod-openapi';
import type { businessCatalog } from '../../device/commands/business-catalog.ts';
import type { businessCollections } from '../../device/commands/business-collections.ts';
import type { businessProfile } from '../../device/commands/business-profile.ts';
import type { AnswerOf } from '../../shard/protocol.ts';
import { addressedFailures } from '../failures.ts';
import { phoneField } from '../fields.ts';
import { count } from '../query.ts';
import { mentionJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

const businessResults = z.object({
  jid: z.string(),
  email: z.string(),
  address: z.string(),
  categories: z.array(z.object({ id: z.string(), name: z.string() })),
  profile_options: z.record(z.string(), z.string()),
  business_hours_timezone: z.string(),
  business_hours: z.array(
    z.object({
      day_of_week: z.string(),
      mode: z.string(),
      open_time: z.string().openapi({ example: '09:00' }),
      close_time: z.string().openapi({ example: '18:00' }),
    }),
  ),
});

const product = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  price: z.number().openapi({ description: 'In thousandths of the currency.', example: 12_500 }),
  currency: z.string().openapi({ example: 'BRL' }),
  retailer_id: z.string(),
  url: z.string(),
  image_url: z.string(),
  is_hidden: z.boolean(),
});
type Product = AnswerOf<typeof businessCatalog>['products'][number];

/** What WhatsApp takes. */
const MOST = 100;

export function businessRoutes(add: AddRoute): void {
  add(
    {
      id: 'userBusinessProfile',
      method: 'get',
      path: '/user/business-profile',
      tag: 'user',
      scope: 'read',
      summary: 'What a business says of itself',
      device: 'selected',
      query: z.object({ phone: phoneField }),
      results: businessResults,
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const jid = mentionJid(query.phone, 'phone');
      const found = await run<typeof businessProfile>('business-profile', { jid });
      const results = {
        jid: found.jid,
        email: found.email,
        address: found.address,
        categories: [...found.categories],
        profile_options: { ...found.options },
        business_hours_timezone: found.timezone,
        business_hours: found.hours.map(({ day, mode, open, close }) => ({
          day_of_week: day,
          mode,
          open_time: clock(open),
          close_time: clock(close),
        })),
      };
      return { message: 'Success get business profile', results };
    },
  );

  add(
    {
      id: 'userBusinessCatalog',
      method: 'get',
      path: '/user/business-catalog',
      tag: 'user',
      scope: 'read',
      summary: 'A page of what a business sells',
      device: 'selected',
      query: z.object({
        phone: phoneField,
        limit: count(10, MOST),
        after: z.string().max(512).optional().openapi({ description: '`next` of the page before.' }),
      }),
      results: z.object({ products: z.array(product), next: z.string().optional() }),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const { products, next } = await run<typeof businessCatalog>('business-catalog', {
        jid: mentionJid(query.phone, 'phone'),
        limit: query.limit,
        ...(query.after && { after: query.after }),
      });
      const results = { products: products.map(toProduct), ...(next !== undefined && { next }) };
      return { message: 'Success get business catalog', results };
    },
  );

  add(
    {
      id: 'userBusinessCollections',
      method: 'get',
      path: '/user/business-collections',
      tag: 'user',
      scope: 'read',
      summary: 'What a business sells, by the collections that it has made',
      device: 'selected',
      query: z.object({ phone: phoneField, limit: count(51, MOST) }),
      results: z.array(z.object({ id: z.string(), name: z.string(), products: z.array(product) })),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const found = await run<typeof businessCollections>('business-collections', {
        jid: mentionJid(query.phone, 'phone'),
        limit: query.limit,
      });
      const results = found.map(({ id, name, products }) => ({
        id,
        name,
        products: products.map(toProduct),
      }));
      return { message: 'Success get business collections', results };
    },
  );
}

function toProduct(one: Product): z.input<typeof product> {
  const { original, requested } = one.imageUrls;
  return {
    id: one.id,
    name: one.name,
    description: one.description ?? '',
    price: Number.isFinite(one.price) ? one.price : 0,
    currency: one.currency ?? '',
    retailer_id: one.retailerId ?? '',
    url: one.url ?? '',
    image_url: original ?? requested ?? '',
    is_hidden: one.isHidden === true,
  };
}

/** Minutes since midnight as gowa shows them. */
function clock(minutes: number | undefined): string {
  if (minutes === undefined) return '';
  const two = (part: number) => String(part).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
