// gowa's /group: making, finding, joining and leaving groups. Who is in them, how they are set and who is invited have
// files of their own.
import { z } from '@hono/zod-openapi';
import type { groupBehindLink } from '../../device/commands/group-behind-link.ts';
import type { groupCreate } from '../../device/commands/group-create.ts';
import type { groupInfo } from '../../device/commands/group-info.ts';
import type { groupJoin } from '../../device/commands/group-join.ts';
import type { groupLeave } from '../../device/commands/group-leave.ts';
import type { groupList } from '../../device/commands/group-list.ts';
import type { ApiDeps } from '../deps.ts';
import { addressedFailures, whatsappFailures } from '../failures.ts';
import { nameText } from '../fields.ts';
import { groupField, LONGEST_SUBJECT, peopleJids, peopleList } from '../group-fields.ts';
import { entered, gowaGroup, linkedGroup, toGowaGroup, toLinkedGroup } from '../group-shape.ts';
import { groupCode, linkField } from '../invite-link.ts';
import { outcomes, toOutcomes } from '../participant-shape.ts';
import { groupJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { groupInviteRoutes } from './group-invites.ts';
import { groupParticipantRoutes } from './group-participants.ts';
import { groupSettingRoutes } from './group-settings.ts';
import { photoRoutes } from './photos.ts';

export function groupRoutes(add: AddRoute, deps: ApiDeps): void {
  groupParticipantRoutes(add, deps);
  groupSettingRoutes(add);
  groupInviteRoutes(add);
  photoRoutes(add, deps);

  add(
    {
      id: 'createGroup',
      method: 'post',
      path: '/group',
      tag: 'group',
      scope: 'write',
      summary: 'Make a group; tells of those who could not be added',
      device: 'selected',
      body: z.object({
        title: nameText(LONGEST_SUBJECT).openapi({ example: 'Reef' }),
        participants: peopleList.nullish().openapi({ description: 'None: a group of one.' }),
      }),
      forms: { participants: 'list' },
      results: z.object({ group_id: z.string(), participants: outcomes }),
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const participants = peopleJids(body.participants ?? []);
      const { group, refused } = await run<typeof groupCreate>('group-create', {
        subject: body.title,
        participants,
      });
      const members = group.members.filter(({ role }) => role !== 'superadmin');
      return {
        message: `Success created group with id ${group.jid}`,
        results: {
          group_id: group.jid,
          participants: toOutcomes([...members, ...refused], 'Action success', 'Failed to add participant'),
        },
      };
    },
  );

  add(
    {
      id: 'groupInfo',
      method: 'get',
      path: '/group/info',
      tag: 'group',
      scope: 'read',
      summary: 'A group or community: its settings, and who is in it',
      device: 'selected',
      query: z.object({ group_id: groupField }),
      results: gowaGroup,
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const info = await run<typeof groupInfo>('group-info', { group: groupJid(query.group_id) });
      return { message: 'Success get group info', results: toGowaGroup(info) };
    },
  );

  add(
    {
      id: 'userMyGroups',
      method: 'get',
      path: '/user/my/groups',
      tag: 'user',
      scope: 'read',
      summary: 'All groups and communities that the account is in',
      device: 'selected',
      results: z.object({ data: z.array(gowaGroup) }),
      failures: whatsappFailures,
    },
    async ({ run }) => {
      const groups = await run<typeof groupList>('group-list', {});
      return { message: 'Success get list groups', results: { data: groups.map(toGowaGroup) } };
    },
  );

  add(
    {
      id: 'joinGroupWithLink',
      method: 'post',
      path: '/group/join-with-link',
      tag: 'group',
      scope: 'write',
      summary: 'Join a group or community by its link, or ask to',
      device: 'selected',
      body: z.object({ link: linkField }),
      forms: {},
      results: entered,
      failures: whatsappFailures,
    },
    async ({ body, run }) => {
      const { group, pending } = await run<typeof groupJoin>('group-join', { code: groupCode(body.link) });
      const message = pending ? 'An admin of the group has to approve it' : 'Success joined group';
      return { message, results: { group_id: group, pending } };
    },
  );

  add(
    {
      id: 'groupInfoFromLink',
      method: 'get',
      path: '/group/info-from-link',
      tag: 'group',
      scope: 'read',
      summary: 'The group that a link leads to',
      device: 'selected',
      query: z.object({ link: linkField }),
      results: linkedGroup,
      failures: whatsappFailures,
    },
    async ({ query, run }) => {
      const info = await run<typeof groupBehindLink>('group-behind-link', { code: groupCode(query.link) });
      return { message: 'Success get group info from link', results: toLinkedGroup(info) };
    },
  );

  add(
    {
      id: 'leaveGroup',
      method: 'post',
      path: '/group/leave',
      tag: 'group',
      scope: 'write',
      summary: 'Leave a group',
      device: 'selected',
      body: z.object({ group_id: groupField }),
      forms: {},
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      await run<typeof groupLeave>('group-leave', { group: groupJid(body.group_id) });
      return { message: 'Success leave group' };
    },
  );
}
