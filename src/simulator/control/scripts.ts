// Routes about scripts: what a phone does by itself.
import { z } from '@hono/zod-openapi';
import { phoneOf } from '../accounts/phones.ts';
import type { World } from '../world.ts';
import { OfPhone, Text } from './fields.ts';
import { Composing } from './messages.ts';
import { type AddRoute, shapes } from './route.ts';

/** Ten minutes. */
const Ms = z.number().int().min(0).max(600_000);

const Condition = z.strictObject({
  text: z
    .strictObject({ equals: Text.optional(), contains: Text.optional(), startsWith: Text.optional() })
    .optional()
    .openapi({ description: 'Upper and lower case are the same.' }),
  kind: z
    .string()
    .max(64)
    .optional()
    .openapi({ description: 'text, image, reaction, …; absent: whatever a person would answer.' }),
  chat: z.string().max(256).optional().openapi({ description: 'person, group, a number, or a JID.' }),
});
const Step = z.union([
  z.strictObject({ after: Ms }),
  z.strictObject({ type: Ms }),
  z.strictObject({ record: Ms }),
  z.strictObject({ read: z.literal(true) }),
  z.strictObject({ react: z.string().max(64) }),
  z.strictObject({ reply: z.union([Text, Composing]) }),
  z.strictObject({
    call: z.strictObject({ video: z.boolean().optional(), ringMs: Ms.optional() }),
  }),
  z.strictObject({ available: z.literal(true) }),
  z.strictObject({ unavailable: z.literal(true) }),
]);
const Script = z
  .strictObject({
    rules: z
      .array(z.strictObject({ when: Condition.optional(), do: z.array(Step).max(50) }))
      .max(100)
      .optional(),
    reply: Text.optional().openapi({ description: 'Sent back for every text; {text} is what came.' }),
    afterMs: Ms.optional().openapi({ description: 'Before it reads and replies.' }),
    reads: z.boolean().optional().openapi({ description: 'Sends a read receipt.' }),
  })
  .openapi('Script');

export const scriptShapes = shapes({
  script: {
    id: 'script',
    method: 'put',
    path: '/phones/{phone}/script',
    tag: 'phones',
    summary: 'What this phone does by itself from now on, in place of what it did; {} ends it',
    description:
      'The first rule whose `when` suits a message is followed, step by step; without one, `reply`, `afterMs` and `reads` are. In a reply {text}, {name} and {id} stand for what came, from whom, and its id (for `quote`). Scripts do not answer scripts. It is kept over a restart; what is waited for is not.',
    params: OfPhone,
    body: Script,
    results: Script,
  },
  scriptOf: {
    id: 'scriptOf',
    method: 'get',
    path: '/phones/{phone}/script',
    tag: 'phones',
    summary: 'What this phone does by itself',
    params: OfPhone,
    results: Script,
  },
});

export function scriptRoutes(add: AddRoute, world: World): void {
  add(scriptShapes.script, ({ params, body }) => {
    const phone = phoneOf(world, params.phone);
    phone.script = body;
    world.changed();
    return body;
  });

  add(scriptShapes.scriptOf, ({ params }) => phoneOf(world, params.phone).script as z.input<typeof Script>);
}
