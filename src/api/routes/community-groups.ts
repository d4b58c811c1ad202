// The groups of communities, and the people in them.
import { z } from '@hono/zod-openapi';
import type { communityGroups } from '../../device/commands/community-groups.ts';
import type { communityJoinGroup } from '../../device/commands/community-join-group.ts';
import type { communityLink } from '../../device/commands/community-link.ts';
import type { communityParticipants } from '../../device/commands/community-participants.ts';
import type { groupCreate } from '../../device/commands/group-create.ts';
import type { groupParticipants } from '../../device/commands/group-participants.ts';
import type { AnswerOf } from '../../shard/protocol.ts';
import type { ApiDeps } from '../deps.ts';
import { addressedFailures } from '../failures.ts';
import { nameText } from '../fields.ts';
import { timeText } from '../go-time.ts';
import {
  communityField,
  groupField,
  LONGEST_SUBJECT,
  peopleField,
  peopleJids,
  peopleList,
} from '../group-fields.ts';
import { entered } from '../group-shape.ts';
import { outcomes, participant, participantsOf, toOutcomes } from '../participant-shape.ts';
import { groupJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

const named = z.object({ community_id: communityField });
const communityJid = (written: string) => groupJid(written, 'community_id');

/** As many groups as a community has. */
const MOST_GROUPS = 100;

const subgroup = z.object({
  group_id: z.string(),
  name: z.string(),
  owner: z.string().optional(),
  owner_lid: z.string().optional(),
  created_at: z.string(),
  participant_count: z.number().int().optional(),
  is_announcements: z.boolean().openapi({ description: 'The one that everybody of the community is in.' }),
});

const linkOutcomes = z.array(
  z.object({ group_id: z.string(), status: z.enum(['success', 'error']), message: z.string() }),
);

/** What an error of one group means (test/simulator/communities.test.ts; whatsapp-rust wacore/src/iq/groups.rs). */
const causes: Readonly<Record<number, string>> = {
  403: 'this account is no admin of it',
  404: 'there is no such group, or not in this community',
  406: 'it cannot be linked, or the community has no room for it',
  409: 'it is in a community already',
};

function toLinkOutcome(
  { jid, error }: AnswerOf<typeof communityLink>[number],
  failure: string,
): z.input<typeof linkOutcomes>[number] {
  if (error === undefined) return { group_id: jid, status: 'success', message: 'Action success' };
  const message = `${failure}: ${causes[error] ?? 'WhatsApp refused it'} (${error})`;
  return { group_id: jid, status: 'error', message };
}

export function communityGroupRoutes(add: AddRoute, deps: ApiDeps): void {
  add(
    {
      id: 'getCommunityGroups',
      method: 'get',
      path: '/community/groups',
      tag: 'community',
      scope: 'read',
      summary: 'The groups of a community',
      device: 'selected',
      query: named,
      results: z.array(subgroup),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const community = communityJid(query.community_id);
      const groups = await run<typeof communityGroups>('community-groups', { community });
      return {
        message: 'Success getting community groups',
        results: groups.map(({ jid, subject, owner, createdAt, size, announcements }) => ({
          group_id: jid,
          name: subject,
          ...(owner && { owner: owner.jid, ...(owner.lid && { owner_lid: owner.lid }) }),
          created_at: timeText(createdAt),
          ...(size !== undefined && { participant_count: size }),
          is_announcements: announcements,
        })),
      };
    },
  );

  add(
    {
      id: 'createCommunityGroup',
      method: 'post',
      path: '/community/groups',
      tag: 'community',
      scope: 'write',
      summary: 'Make a group in a community',
      device: 'selected',
      body: named.extend({ title: nameText(LONGEST_SUBJECT), participants: peopleList.nullish() }),
      forms: { participants: 'list' },
      results: z.object({ group_id: z.string(), participants: outcomes }),
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const { group, refused } = await run<typeof groupCreate>('group-create', {
        subject: body.title,
        participants: peopleJids(body.participants ?? []),
        parent: communityJid(body.community_id),
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

  for (const action of ['link', 'unlink'] as const)
    add(
      {
        id: `${action}CommunityGroups`,
        method: 'post',
        path: `/community/groups/${action}`,
        tag: 'community',
        scope: 'write',
        summary:
          action === 'link'
            ? 'Bring groups into a community; tells of each what became of it'
            : 'Take groups out of a community; tells of each what became of it',
        device: 'selected',
        body: named.extend({
          group_ids: z.array(groupField).min(1).max(MOST_GROUPS),
          ...(action === 'unlink' && {
            remove_orphaned_members: z
              .boolean()
              .nullish()
              .openapi({ description: 'Who was in the community for these groups alone leaves it.' }),
          }),
        }),
        forms: { group_ids: 'list', remove_orphaned_members: 'boolean' },
        results: linkOutcomes,
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        const { remove_orphaned_members } = body as { remove_orphaned_members?: boolean | null };
        const list = await run<typeof communityLink>('community-link', {
          community: communityJid(body.community_id),
          groups: [...new Set(body.group_ids.map((one, n) => groupJid(one, `group_ids.${n}`)))],
          linked: action === 'link',
          orphansLeave: remove_orphaned_members ?? false,
        });
        return {
          message: `Success ${action} groups`,
          results: list.map(one => toLinkOutcome(one, `Failed to ${action} group`)),
        };
      },
    );

  add(
    {
      id: 'joinCommunityGroup',
      method: 'post',
      path: '/community/groups/join',
      tag: 'community',
      scope: 'write',
      summary: 'Join a group of a community that the account is in, or ask to',
      device: 'selected',
      body: named.extend({ group_id: groupField }),
      forms: {},
      results: entered,
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const { group, pending } = await run<typeof communityJoinGroup>('community-join-group', {
        community: communityJid(body.community_id),
        group: groupJid(body.group_id),
      });
      const message = pending ? 'An admin of the group has to approve it' : 'Success joined group';
      return { message, results: { group_id: group, pending } };
    },
  );

  add(
    {
      id: 'getCommunityParticipants',
      method: 'get',
      path: '/community/participants',
      tag: 'community',
      scope: 'read',
      summary: 'Everybody in any group of a community',
      device: 'selected',
      query: named,
      results: z.object({ community_id: z.string(), participants: z.array(participant) }),
      failures: addressedFailures,
    },
    async ({ device, query, run }) => {
      const community = communityJid(query.community_id);
      const people = await run<typeof communityParticipants>('community-participants', { community });
      return {
        message: 'Success getting community participants',
        results: { community_id: community, participants: await participantsOf(people, deps, device) },
      };
    },
  );

  const changes = [
    ['add', '', 'Add people to a community'],
    ['remove', '/remove', 'Remove people from a community and all of its groups'],
    ['promote', '/promote', 'Make members admins of a community'],
    ['demote', '/demote', 'Make admins of a community members'],
  ] as const;
  for (const [action, path, summary] of changes)
    add(
      {
        id: `${action}CommunityParticipants`,
        method: 'post',
        path: `/community/participants${path}`,
        tag: 'community',
        scope: 'write',
        summary: `${summary}; tells of each what became of it`,
        device: 'selected',
        body: named.extend({ participants: peopleField }),
        forms: { participants: 'list' },
        results: outcomes,
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        const list = await run<typeof groupParticipants>('group-participants', {
          group: communityJid(body.community_id),
          participants: peopleJids(body.participants),
          action,
          everywhere: action === 'remove',
        });
        return {
          message: `Success ${action} participants`,
          results: toOutcomes(list, 'Action success', `Failed to ${action} participant`),
        };
      },
    );
}
