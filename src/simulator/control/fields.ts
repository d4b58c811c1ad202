// What several routes take or give in the same way.
import { z } from '@hono/zod-openapi';

export const OfPhone = z.object({
  phone: z.string().openapi({ description: 'Its number: digits, country code first.', example: '15550009' }),
});

/** Of the numbers of many phones, or devices, that are made at once. */
export const Prefix = z.string().regex(/^[1-9]\d{0,10}$/);

/** A message's text: what the apps let a person write. */
export const Text = z.string().max(65_536);

/** What a route answers that has nothing to show. */
export const Done = z.object({ ok: z.literal(true) });
export const done = { ok: true } as const;
