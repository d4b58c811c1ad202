// Routes about groups: what there is, and everything that a person with a phone does in them.
import { z } from '@hono/zod-openapi';
import type { Account } from '../accounts/accounts.ts';
import { accountJid } from '../accounts/accounts.ts';
import { phoneOf } from '../accounts/phones.ts';
import { found } from '../groups/change.ts';
import type { Group } from '../groups/groups.ts';
import { announce } from '../groups/notices.ts';
import type { Person } from '../groups/outcome.ts';
import { Refused } from '../refused.ts';
import { IqError } from '../stanzas/request.ts';
import type { World } from '../world.ts';
import { type AddRoute, shapes } from './route.ts';

const Name = z.string().min(1).openapi({ description: 'A phone number or a JID.', example: '15550009' });
const NewGroup = z.object({
  by: Name.openapi({ description: 'The phone that makes it and is its superadmin.' }),
  subject: z.string(),
  members: z.array(Name).max(5_000).default([]),
  addressing: z.enum(['lid', 'pn']).optional(),
});
const GroupView = z.object({
  jid: z.string(),
  subject: z.string(),
  addressing: z.enum(['lid', 'pn']),
  members: z.array(z.object({ phone: z.string(), role: z.enum(['member', 'admin', 'superadmin']) })),
});

export const groupShapes = shapes({
  createGroup: {
    id: 'createGroup',
    method: 'post',
    path: '/groups',
    tag: 'groups',
    summary: 'A phone makes a group',
    body: NewGroup,
    results: GroupView,
  },
  groups: {
    id: 'groups',
    method: 'get',
    path: '/groups',
    tag: 'groups',
    summary: 'Every group and community',
    results: z.array(GroupView),
  },
});

export function groupRoutes(add: AddRoute, world: World): void {
  add(groupShapes.createGroup, ({ body }) =>
    judged(() => {
      const addressing =
        body.addressing === undefined ? world.groups.newAddressing : domains[body.addressing];
      const people = body.members.map(name => personNamed(world, name));
      const nobody = people.find(person => !person.account);
      if (nobody) throw new Refused(404, `nobody has ${nobody.asked}`);
      const made = found(world, phoneOf(world, body.by).account, {
        subject: body.subject,
        people,
        addressing,
      });
      announce(world, made.notices);
      return describeGroup(made.group);
    }),
  );

  add(groupShapes.groups, () => [...world.groups.all()].map(describeGroup));
}

const domains = { lid: 'lid', pn: 's.whatsapp.net' } as const;

function personNamed(world: World, name: string): Person {
  const digits = name.replace(/^\+/, '');
  const account: Account | undefined = world.accounts.byPhone(digits) ?? world.accounts.byJid(name);
  return { asked: account ? accountJid(account) : name, account };
}

/** Runs what a linked device could ask as well; the refusal that such a device would get becomes this route's. */
function judged<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof IqError)) throw error;
    throw new Refused(error.code === 404 ? 404 : 409, `${error.code} ${error.message}`, { cause: error });
  }
}

function describeGroup(group: Group): z.input<typeof GroupView> {
  return {
    jid: group.jid,
    subject: group.subject,
    addressing: group.addressing === 'lid' ? 'lid' : 'pn',
    members: [...group.members].map(([account, role]) => ({ phone: account.phone, role })),
  };
}
