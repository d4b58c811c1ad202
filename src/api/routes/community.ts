// Communities: groups of groups. What they say of themselves, how they are set, their links and requests are a group's: those
// routes take a community's JID as well.
import { z } from '@hono/zod-openapi';
import type { communityCreate } from '../../device/commands/community-create.ts';
import type { communityDeactivate } from '../../device/commands/community-deactivate.ts';
import type { groupInviteCode } from '../../device/commands/group-invite-code.ts';
import type { groupLeave } from '../../device/commands/group-leave.ts';
import type { groupList } from '../../device/commands/group-list.ts';
import type { groupSetting } from '../../device/commands/group-setting.ts';
import type { ApiDeps } from '../deps.ts';
import { addressedFailures, whatsappFailures } from '../failures.ts';
import { nameText, shortText } from '../fields.ts';
import { communityField, LONGEST_DESCRIPTION, LONGEST_SUBJECT } from '../group-fields.ts';
import { gowaGroup, toGowaGroup } from '../group-shape.ts';
import { groupLink } from '../invite-link.ts';
import { groupJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { communityGroupRoutes } from './community-groups.ts';

const named = z.object({ community_id: communityField });
const communityJid = (written: string) => groupJid(written, 'community_id');

export function communityRoutes(add: AddRoute, deps: ApiDeps): void {
  communityGroupRoutes(add, deps);

  add(
    {
      id: 'createCommunity',
      method: 'post',
      path: '/community',
      tag: 'community',
      scope: 'write',
      summary: 'Make a community, with its announcements',
      device: 'selected',
      body: z.object({
        title: nameText(LONGEST_SUBJECT),
        description: shortText(LONGEST_DESCRIPTION).nullish(),
        join_approval: z
          .boolean()
          .nullish()
          .openapi({ description: 'Whether an admin approves those who join its groups. Default: true.' }),
        members_create_groups: z
          .boolean()
          .nullish()
          .openapi({ description: 'Whether members make groups in it. Default: false.' }),
        general_chat: z
          .boolean()
          .nullish()
          .openapi({ description: 'A group for everybody to write in. Default: false.' }),
      }),
      forms: { join_approval: 'boolean', members_create_groups: 'boolean', general_chat: 'boolean' },
      results: z.object({ community_id: z.string() }),
      failures: whatsappFailures,
    },
    async ({ body, run }) => {
      const { jid } = await run<typeof communityCreate>('community-create', {
        subject: body.title,
        description: body.description?.trim() ?? '',
        approval: body.join_approval ?? true,
        membersMakeGroups: body.members_create_groups ?? false,
        generalChat: body.general_chat ?? false,
      });
      return { message: `Success created community with id ${jid}`, results: { community_id: jid } };
    },
  );

  add(
    {
      id: 'userMyCommunities',
      method: 'get',
      path: '/user/my/communities',
      tag: 'user',
      scope: 'read',
      summary: 'All communities that the account is in',
      device: 'selected',
      results: z.object({ data: z.array(gowaGroup) }),
      failures: whatsappFailures,
    },
    async ({ run }) => {
      const groups = await run<typeof groupList>('group-list', {});
      const data = groups.filter(({ community }) => community).map(toGowaGroup);
      return { message: 'Success get list communities', results: { data } };
    },
  );

  add(
    {
      id: 'leaveCommunity',
      method: 'post',
      path: '/community/leave',
      tag: 'community',
      scope: 'write',
      summary: 'Leave a community and all of its groups',
      device: 'selected',
      body: named,
      forms: {},
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const group = communityJid(body.community_id);
      await run<typeof groupLeave>('group-leave', { group, community: true });
      return { message: 'Success leave community' };
    },
  );

  add(
    {
      id: 'deactivateCommunity',
      method: 'post',
      path: '/community/deactivate',
      tag: 'community',
      scope: 'write',
      summary: 'End a community: its groups go on by themselves, its announcements are gone',
      device: 'selected',
      body: named,
      forms: {},
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const community = communityJid(body.community_id);
      await run<typeof communityDeactivate>('community-deactivate', { community });
      return { message: 'Success deactivate community' };
    },
  );

  add(
    {
      id: 'getCommunityInviteLink',
      method: 'get',
      path: '/community/invite-link',
      tag: 'community',
      scope: 'read',
      summary: "A community's link; POST /group/invite-link/revoke makes a new one",
      device: 'selected',
      query: named,
      results: z.object({ invite_link: z.string(), community_id: z.string() }),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const group = communityJid(query.community_id);
      const { code } = await run<typeof groupInviteCode>('group-invite-code', { group, reset: false });
      return {
        message: 'Success get community invite link',
        results: { invite_link: groupLink(code), community_id: group },
      };
    },
  );

  const settings = [
    [
      'setCommunityJoinApproval',
      'join-approval',
      'defaultApproval',
      'Whether an admin approves those who join groups that are made in it from now on',
    ],
    [
      'setCommunityMembersCreateGroups',
      'members-create-groups',
      'nonAdminSubgroups',
      'Whether members make groups in it',
    ],
  ] as const;
  for (const [id, path, what, summary] of settings)
    add(
      {
        id,
        method: 'post',
        path: `/community/${path}`,
        tag: 'community',
        scope: 'write',
        summary,
        device: 'selected',
        body: named.extend({ enabled: z.boolean() }),
        forms: { enabled: 'boolean' },
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        const group = communityJid(body.community_id);
        await run<typeof groupSetting>('group-setting', { group, setting: { what, on: body.enabled } });
        return {
          message: `Success ${body.enabled ? 'enable' : 'disable'} ${path.replaceAll('-', ' ')}`,
        };
      },
    );
}
