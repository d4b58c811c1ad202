// What can be asked of a group by HTTP, and how it is read into the changes that linked devices ask for as well.
import { z } from '@hono/zod-openapi';
import { type Account, accountJid } from '../accounts/accounts.ts';
import { accountNamed } from '../accounts/naming.ts';
import { defined } from '../defined.ts';
import type { Change, ServerAct } from '../groups/change.ts';
import type { Group } from '../groups/groups.ts';
import type { Person } from '../groups/outcome.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';

export const Name = z
  .string()
  .min(1)
  .openapi({ description: 'A phone: its number, digits and country code first.', example: '15550009' });

export const SettingsBody = z.object({
  announcement: z.boolean().openapi({ description: 'Only admins send.' }),
  locked: z.boolean().openapi({ description: 'Only admins edit subject, description, picture.' }),
  ephemeral: z.number().int().min(0).max(2_147_483_647).openapi({ description: 'Seconds; 0 is off.' }),
  memberAddMode: z.enum(['admin_add', 'all_member_add']),
  memberLinkMode: z.enum(['admin_link', 'all_member_link']),
  memberShareHistoryMode: z.enum(['admin_share', 'all_member_share']),
  approval: z.boolean().openapi({ description: 'Who joins by link waits for an admin.' }),
  noFrequentlyForwarded: z.boolean(),
  allowAdminReports: z.boolean(),
  groupHistory: z.boolean(),
  nonAdminSubgroups: z.boolean().openapi({ description: 'Communities: members make groups.' }),
  defaultApproval: z.boolean().openapi({ description: 'Communities: groups are made with `approval`.' }),
});

const People = z.array(Name).min(1).max(1_024);
const Jids = z.array(z.string()).min(1).max(100);

export const GroupChange = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('add'), members: People }),
    z.object({ type: z.literal('remove'), members: People }),
    z.object({ type: z.literal('promote'), members: People }),
    z.object({ type: z.literal('demote'), members: People }),
    z.object({ type: z.literal('leave') }),
    z.object({ type: z.literal('subject'), subject: z.string() }),
    z.object({ type: z.literal('description'), description: z.string() }),
    z.object({ type: z.literal('settings'), settings: SettingsBody.partial() }),
    z.object({ type: z.literal('reset-invite') }),
    z.object({ type: z.literal('join'), code: z.string().optional() }),
    z.object({ type: z.literal('accept') }),
    z.object({ type: z.literal('withdraw-invites'), members: People }),
    z.object({ type: z.literal('approve'), members: People }),
    z.object({ type: z.literal('reject'), members: People }),
    z.object({ type: z.literal('cancel') }),
    z.object({ type: z.literal('report'), messages: z.array(z.string().min(1).max(256)).min(1).max(100) }),
    z.object({ type: z.literal('link'), groups: Jids }),
    z.object({ type: z.literal('unlink'), groups: Jids, removeOrphans: z.boolean().default(false) }),
    z.object({ type: z.literal('join-subgroup'), group: z.string() }),
    z.object({ type: z.literal('deactivate') }),
    z.object({ type: z.literal('suspend'), suspended: z.boolean().default(true) }),
    z.object({ type: z.literal('growth-lock'), until: z.number().int().min(0) }),
    z.object({ type: z.literal('end'), reason: z.string().default('server') }),
  ])
  .openapi('GroupChange', {
    description:
      '`join` takes the code of the group when none is given, `accept` the invitation in person that this phone has, `cancel` takes its own request back. `suspend`, `growth-lock` (Unix seconds, 0 ends it) and `end` are the server’s.',
  });
export type GroupChange = z.output<typeof GroupChange>;

/** What the server does by itself; undefined when a person does it. */
export function readAct(asked: GroupChange): ServerAct | undefined {
  return asked.type === 'suspend' || asked.type === 'growth-lock' || asked.type === 'end' ? asked : undefined;
}

export function readChange(world: World, by: Account, group: Group, asked: GroupChange): Change {
  switch (asked.type) {
    case 'add':
    case 'remove':
    case 'promote':
    case 'demote':
    case 'approve':
    case 'reject':
    case 'withdraw-invites':
      return { type: asked.type, people: asked.members.map(name => asPerson(world, name)) };
    case 'cancel':
      return { type: 'cancel', people: [{ asked: accountJid(by), account: by }] };
    case 'description':
      return {
        type: 'description',
        id: world.nextId(),
        previous: group.description?.id,
        text: asked.description,
      };
    case 'settings':
      return { type: 'settings', settings: defined(asked.settings) };
    case 'join':
      return { type: 'join', code: asked.code ?? group.inviteCode };
    case 'accept': {
      const invite = group.invites.get(by);
      if (!invite) throw new Refused(404, 'this phone has no invitation in person');
      return { type: 'accept', code: invite.code, expiration: invite.expiration, inviter: invite.by };
    }
    case 'link':
    case 'unlink': {
      const orphans = asked.type === 'unlink' && asked.removeOrphans;
      const groups = asked.groups.map(jid => ({ asked: jid, group: world.groups.byJid(jid), orphans }));
      return { type: asked.type, groups };
    }
    case 'join-subgroup':
      return { type: 'join-subgroup', group: world.groups.byJid(asked.group) };
    case 'suspend':
    case 'growth-lock':
    case 'end':
      throw new Refused(400, 'only the server does this');
    default:
      return asked;
  }
}

/** Nobody, when nobody has that number: the result says so, as it does to a linked device. */
function asPerson(world: World, name: string): Person {
  const account = accountNamed(world, name);
  return { asked: account ? accountJid(account) : name, account };
}
