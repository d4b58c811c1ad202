// Routes about how the server delivers.
import { z } from '@hono/zod-openapi';
import { ADDRESSINGS } from '../delivery/addressing.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import type { AddRoute } from './route.ts';

const Mode = z.object({ mode: z.enum(ADDRESSINGS) });
const Seed = z.object({
  jid: z.string(),
  subject: z.string(),
  addressing: z.enum(['pn', 'lid']),
  members: z.array(z.string()),
});

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
      id: 'seedGroup',
      method: 'post',
      path: '/seed-group',
      tag: 'groups',
      summary: 'A group with these members',
      body: Seed,
      results: z.object({ jid: z.string() }),
    },
    ({ body }) => {
      const members = body.members.map(phone => {
        const account = world.accounts.byPhone(phone);
        if (!account) throw new Refused(404, `nobody has ${phone}`);
        return [account, 'member'] as const;
      });
      world.groups.add({
        jid: body.jid,
        subject: body.subject,
        addressing: body.addressing === 'lid' ? 'lid' : 's.whatsapp.net',
        members: new Map(members),
      });
      return { jid: body.jid };
    },
  );
}
