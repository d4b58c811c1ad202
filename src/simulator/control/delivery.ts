// Routes about how the server delivers.
import { z } from '@hono/zod-openapi';
import { phoneOf, reinstall } from '../accounts/phones.ts';
import { ADDRESSINGS } from '../delivery/addressing.ts';
import type { World } from '../world.ts';
import type { AddRoute } from './route.ts';

const Mode = z.object({ mode: z.enum(ADDRESSINGS) });
const Settings = z.object({
  addressing: z.enum(ADDRESSINGS),
  chatStateTtlMs: z.number().int().min(0).max(3_600_000),
  bundleErrors: z.boolean(),
});
const OfPhone = z.object({ phone: z.string() });
const Unreadable = z.object({ count: z.number().int().min(0).max(10_000).default(1) });

export function deliveryRoutes(add: AddRoute, world: World): void {
  add(
    {
      id: 'setAddressing',
      method: 'put',
      path: '/addressing',
      tag: 'delivery',
      summary: 'In which form messages between two people arrive from now on',
      body: Mode,
      results: Mode,
    },
    ({ body }) => {
      world.delivery.addressing = body.mode;
      return body;
    },
  );

  add(
    {
      id: 'setDelivery',
      method: 'put',
      path: '/delivery',
      tag: 'delivery',
      summary: 'How the server delivers; what is absent stays as it is',
      body: Settings.partial(),
      results: Settings,
    },
    ({ body }) => Object.assign(world.delivery, body),
  );

  add(
    {
      id: 'reinstall',
      method: 'post',
      path: '/phones/{phone}/reinstall',
      tag: 'phones',
      summary: 'WhatsApp is installed anew on the phone: a new identity, and all its companions are unlinked',
      params: OfPhone,
      results: z.object({ ok: z.literal(true) }),
    },
    async ({ params }) => {
      await reinstall(world, phoneOf(world, params.phone).account);
      return { ok: true } as const;
    },
  );

  add(
    {
      id: 'unreadable',
      method: 'post',
      path: '/phones/{phone}/undecryptable',
      tag: 'phones',
      summary: 'The phone fails to decrypt the next messages, and asks for them again',
      params: OfPhone,
      body: Unreadable,
      results: Unreadable,
    },
    ({ params, body }) => {
      phoneOf(world, params.phone).inbox.unreadable = body.count;
      return body;
    },
  );
}
