// gowa's /group/participants and /group/participant-requests: who is in a group, as what, and who wants to be.
import { z } from '@hono/zod-openapi';
import type { groupDecide } from '../../device/commands/group-decide.ts';
import type { groupInfo } from '../../device/commands/group-info.ts';
import type { groupParticipants } from '../../device/commands/group-participants.ts';
import type { groupRequests } from '../../device/commands/group-requests.ts';
import { csv } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { addressedFailures } from '../failures.ts';
import { timeText } from '../go-time.ts';
import { groupField, peopleField, peopleJids } from '../group-fields.ts';
import { digitsOf, outcomes, participant, participantsOf, toOutcomes } from '../participant-shape.ts';
import { groupJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

const ofGroup = z.object({ group_id: groupField });
const people = z.object({ group_id: groupField, participants: peopleField });
const CSV = 'text/csv';

export function groupParticipantRoutes(add: AddRoute, deps: ApiDeps): void {
  add(
    {
      id: 'getGroupParticipants',
      method: 'get',
      path: '/group/participants',
      tag: 'group',
      scope: 'read',
      summary: 'Who is in a group',
      device: 'selected',
      query: ofGroup,
      results: z.object({
        group_id: z.string(),
        name: z.string(),
        participants: z.array(participant),
      }),
      failures: addressedFailures,
    },
    async ({ device, query, run }) => {
      const info = await run<typeof groupInfo>('group-info', { group: groupJid(query.group_id) });
      return {
        message: 'Success getting group participants',
        results: {
          group_id: info.jid,
          name: info.subject,
          participants: await participantsOf(info.members, deps, device),
        },
      };
    },
  );

  add(
    {
      id: 'exportGroupParticipants',
      method: 'get',
      path: '/group/participants/export',
      tag: 'group',
      scope: 'read',
      summary: 'Who is in a group, as a table for spreadsheets',
      device: 'selected',
      query: ofGroup,
      file: CSV,
      failures: addressedFailures,
    },
    async ({ device, query, run }) => {
      const info = await run<typeof groupInfo>('group-info', { group: groupJid(query.group_id) });
      const rows = (await participantsOf(info.members, deps, device)).map(
        ({ jid, phone_number, lid = '', display_name = '', is_admin, is_super_admin }) => {
          const role = is_super_admin ? 'super_admin' : is_admin ? 'admin' : 'member';
          return [jid, phone_number, lid, display_name, role];
        },
      );
      const table = csv([['participant_jid', 'phone_number', 'lid', 'display_name', 'role'], ...rows]);
      return new Response(table, {
        headers: {
          'content-type': `${CSV}; charset=utf-8`,
          'content-disposition': `attachment; filename="group-${info.jid.replace('@', '_')}-participants.csv"`,
          'x-content-type-options': 'nosniff',
        },
      });
    },
  );

  const changes = [
    [
      'add',
      '/group/participants',
      'Add people to a group',
      'Success add participants',
      'addParticipantToGroup',
    ],
    [
      'remove',
      '/group/participants/remove',
      'Remove people from a group',
      'Success delete participants',
      'removeParticipantFromGroup',
    ],
    [
      'promote',
      '/group/participants/promote',
      'Make members admins',
      'Success promote participants',
      'promoteParticipantToAdmin',
    ],
    [
      'demote',
      '/group/participants/demote',
      'Make admins members',
      'Success demote participants',
      'demoteParticipantToMember',
    ],
  ] as const;
  for (const [action, path, summary, message, id] of changes)
    add(
      {
        id,
        method: 'post',
        path,
        tag: 'group',
        scope: 'write',
        summary: `${summary}; tells of each what became of it`,
        device: 'selected',
        body: people,
        forms: { participants: 'list' },
        results: outcomes,
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        const list = await run<typeof groupParticipants>('group-participants', {
          group: groupJid(body.group_id),
          participants: peopleJids(body.participants),
          action,
        });
        return { message, results: toOutcomes(list, 'Action success', `Failed to ${action} participant`) };
      },
    );

  add(
    {
      id: 'getGroupParticipantRequests',
      method: 'get',
      path: '/group/participant-requests',
      tag: 'group',
      scope: 'read',
      summary: 'Who waits to be let in',
      device: 'selected',
      query: ofGroup,
      results: z.array(
        z.object({
          jid: z.string(),
          lid: z.string().optional(),
          phone_number: z.string(),
          display_name: z.string().optional(),
          requested_at: z.string(),
          method: z.string().optional().openapi({ example: 'invite_link' }),
        }),
      ),
      failures: addressedFailures,
    },
    async ({ device, query, run }) => {
      const waiting = await run<typeof groupRequests>('group-requests', { group: groupJid(query.group_id) });
      const names = await deps.chats.names(
        device.no,
        waiting.map(({ jid }) => jid),
      );
      return {
        message: 'Success getting list requested participants',
        results: waiting.map(({ jid, lid, at, method }) => {
          const display_name = names.get(jid);
          return {
            jid,
            ...(lid && { lid }),
            phone_number: digitsOf({ jid }),
            ...(display_name && { display_name }),
            requested_at: timeText(at),
            ...(method && { method }),
          };
        }),
      };
    },
  );

  for (const action of ['approve', 'reject'] as const)
    add(
      {
        id: `${action}GroupParticipantRequest`,
        method: 'post',
        path: `/group/participant-requests/${action}`,
        tag: 'group',
        scope: 'write',
        summary: `${action === 'approve' ? 'Let people in' : 'Turn people away'} who have asked`,
        device: 'selected',
        body: people,
        forms: { participants: 'list' },
        results: outcomes,
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        const list = await run<typeof groupDecide>('group-decide', {
          group: groupJid(body.group_id),
          participants: peopleJids(body.participants),
          action,
        });
        return {
          message: `Success ${action} requested participants`,
          results: toOutcomes(list, `Action ${action} success`, `Action ${action} failed`),
        };
      },
    );
}
