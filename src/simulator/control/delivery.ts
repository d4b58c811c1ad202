// Routes about how messages travel: the form in which people appear, keys, and phones that cannot read.
import { z } from '@hono/zod-openapi';
import { phoneOf, reinstall } from '../accounts/phones.ts';
import { defined } from '../defined.ts';
import { ADDRESSINGS } from '../delivery/addressing.ts';
import type { World } from '../world.ts';
import { Done, done, OfPhone } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const Mode = z.object({ mode: z.enum(ADDRESSINGS) });
const Settings = z.object({
  addressing: z.enum(ADDRESSINGS),
  chatStateTtlMs: z.number().int().min(0).max(3_600_000).openapi({
    description: 'How long a typing state waits for a device that is away; 0: connected devices only.',
  }),
  phones: z.enum(['on', 'off']).openapi({
    description: 'off: a phone goes off once it has linked a companion and told it everything.',
  }),
  bundleErrors: z.boolean().openapi({
    description:
      'Key bundles of devices that are not there carry an error per user, instead of being left out.',
  }),
});
const Power = z.object({ on: z.boolean() });
const Unreadable = z.object({ count: z.number().int().min(0).max(10_000).default(1) });

export const deliveryShapes = shapes({
  setAddressing: {
    id: 'setAddressing',
    method: 'put',
    path: '/addressing',
    tag: 'delivery',
    summary: 'In which form messages between two people arrive from now on',
    body: Mode,
    results: Mode,
  },
  delivery: {
    id: 'delivery',
    method: 'get',
    path: '/delivery',
    tag: 'delivery',
    summary: 'How the server delivers',
    results: Settings,
  },
  setDelivery: {
    id: 'setDelivery',
    method: 'put',
    path: '/delivery',
    tag: 'delivery',
    summary: 'How the server delivers from now on; what is absent stays as it is',
    body: Settings.partial(),
    results: Settings,
  },
  reinstall: {
    id: 'reinstall',
    method: 'post',
    path: '/phones/{phone}/reinstall',
    tag: 'delivery',
    summary: 'WhatsApp is installed anew on the phone: a new identity, and all its companions are unlinked',
    params: OfPhone,
    results: Done,
  },
  power: {
    id: 'power',
    method: 'put',
    path: '/phones/{phone}/power',
    tag: 'delivery',
    summary: 'Switches a phone off, or on again',
    description:
      'A phone that is off gets, confirms and sends nothing; its companions go on. What comes for it waits, and a companion that was linked meanwhile gets its history later.',
    params: OfPhone,
    body: Power,
    results: Power,
  },
  undecryptable: {
    id: 'undecryptable',
    method: 'post',
    path: '/phones/{phone}/undecryptable',
    tag: 'delivery',
    summary: 'The phone fails to decrypt the next messages, and asks for them again',
    params: OfPhone,
    body: Unreadable,
    results: Unreadable,
  },
});

export function deliveryRoutes(add: AddRoute, world: World): void {
  add(deliveryShapes.setAddressing, ({ body }) => {
    world.delivery.addressing = body.mode;
    return body;
  });

  add(deliveryShapes.delivery, () => world.delivery);

  add(deliveryShapes.setDelivery, ({ body }) => Object.assign(world.delivery, defined(body)));

  add(deliveryShapes.reinstall, async ({ params }) => {
    await reinstall(world, phoneOf(world, params.phone).account);
    return done;
  });

  add(deliveryShapes.power, ({ params, body }) => {
    phoneOf(world, params.phone).switch(body.on);
    world.changed();
    return body;
  });

  add(deliveryShapes.undecryptable, ({ params, body }) => {
    phoneOf(world, params.phone).inbox.unreadable = body.count;
    return body;
  });
}
