// Coming in by invitation: by a group's link, or by one's own, which travels as a message.
import { z } from '@hono/zod-openapi';
import type { groupAcceptInvite } from '../../device/commands/group-accept-invite.ts';
import type { groupInfo } from '../../device/commands/group-info.ts';
import type { groupInviteCode } from '../../device/commands/group-invite-code.ts';
import type { groupInvitedTo } from '../../device/commands/group-invited-to.ts';
import type { groupParticipants } from '../../device/commands/group-participants.ts';
import type { groupRevokeInvite } from '../../device/commands/group-revoke-invite.ts';
import type { sendGroupInvite } from '../../device/commands/send-group-invite.ts';
import { type ErrorCode, Failure } from '../../errors.ts';
import { addressedFailures, sendFailures } from '../failures.ts';
import { groupField, peopleField, peopleJids, peopleList } from '../group-fields.ts';
import { entered, linkedGroup, toLinkedGroup } from '../group-shape.ts';
import { groupLink } from '../invite-link.ts';
import { outcomes, toOutcomes } from '../participant-shape.ts';
import { flag } from '../query.ts';
import { groupJid, mentionJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

const link = z.object({ invite_link: z.string(), group_id: z.string() });

const invitation = z.object({
  group_id: groupField,
  code: z.string().regex(/^[A-Za-z0-9_+/=-]{1,64}$/),
  expiration: z.number().int().min(0).openapi({ description: 'Unix seconds, as the message has it.' }),
  inviter: z.string().min(1).openapi({ description: 'Who sent the message: a number or JID.' }),
});

/** A coerced number would be optional in the document, and nothing would be 0. */
const secondsInQuery = z
  .string()
  .regex(/^\d{1,12}$/, 'expected a whole number of seconds')
  .transform(Number)
  .openapi({ type: 'integer', minimum: 0, description: 'Unix seconds, as the message has it.' });

/** Each gets a message of its own while the caller waits. */
const MOST_INVITED = 50;

const personalInvite = ({ group_id, code, expiration, inviter }: z.output<typeof invitation>) => ({
  group: groupJid(group_id),
  code,
  expiration,
  inviter: mentionJid(inviter, 'inviter'),
});

const invited = z.array(
  z.object({
    participant: z.string(),
    status: z.enum(['success', 'invited', 'pending', 'error']),
    message: z.string(),
    message_id: z.string().optional().openapi({ description: 'Of the invitation.' }),
  }),
);

/** Why one invitation does not leave, while others may. */
const ofOnePerson: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['INVALID_JID', 'MESSAGE_REFUSED']);

export function groupInviteRoutes(add: AddRoute): void {
  add(
    {
      id: 'getGroupInviteLink',
      method: 'get',
      acts: true,
      path: '/group/invite-link',
      tag: 'group',
      scope: 'write',
      summary: "A group's link; `reset` makes a new one",
      device: 'selected',
      query: z.object({ group_id: groupField, reset: flag }),
      results: link,
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const group = groupJid(query.group_id);
      const reset = query.reset ?? false;
      const { code } = await run<typeof groupInviteCode>('group-invite-code', { group, reset });
      return {
        message: 'Success get group invite link',
        results: { invite_link: groupLink(code), group_id: group },
      };
    },
  );

  add(
    {
      id: 'revokeGroupInviteLink',
      method: 'post',
      path: '/group/invite-link/revoke',
      tag: 'group',
      scope: 'write',
      summary: "Take a group's link back: it leads nowhere any more, and there is a new one",
      device: 'selected',
      body: z.object({ group_id: groupField }),
      forms: {},
      results: link,
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const group = groupJid(body.group_id);
      const { code } = await run<typeof groupInviteCode>('group-invite-code', { group, reset: true });
      return {
        message: 'Success revoke group invite link',
        results: { invite_link: groupLink(code), group_id: group },
      };
    },
  );

  add(
    {
      id: 'inviteToGroup',
      method: 'post',
      path: '/group/invite',
      tag: 'group',
      scope: 'write',
      // What it sends is a message, with a text.
      also: 'send',
      summary: 'Add people, and send an invitation to those whose privacy lets nobody add them',
      device: 'selected',
      body: z.object({
        group_id: groupField,
        participants: peopleList.min(1).max(MOST_INVITED),
        message: z.string().max(1024).nullish().openapi({ description: 'What the invitation says.' }),
      }),
      forms: { participants: 'list' },
      results: invited,
      failures: [...addressedFailures, ...sendFailures],
    },
    async ({ body, run, newMessageId }) => {
      const group = groupJid(body.group_id);
      const participants = peopleJids(body.participants);
      const caption = body.message ?? '';
      const list = await run<typeof groupParticipants>('group-participants', {
        group,
        participants,
        action: 'add',
      });
      const done = toOutcomes(list, 'Action success', 'Failed to add participant');
      const toInvite = list.filter(({ invitation }) => invitation !== undefined);
      if (toInvite.length === 0) return { message: 'Success add participants', results: done };
      const { subject: groupName } = await run<typeof groupInfo>('group-info', { group });
      const results: z.input<typeof invited> = [];
      let lost: Failure | undefined;
      for (const [index, { jid, invitation }] of list.entries()) {
        if (!invitation) {
          results.push(done[index]!);
          continue;
        }
        const invite = { id: newMessageId(), to: jid, group, ...invitation, groupName, caption };
        try {
          if (lost) throw lost;
          await run<typeof sendGroupInvite>('send-group-invite', invite);
          const message = 'An invitation was sent';
          results.push({ participant: jid, status: 'invited', message, message_id: invite.id });
        } catch (cause) {
          // Who was added and invited before must be told; whoever comes after it waits for nothing.
          if (!(cause instanceof Failure)) throw cause;
          if (!ofOnePerson.has(cause.code)) lost = cause;
          const message = `No invitation was sent: ${cause.message} (${cause.code})`;
          results.push({ participant: jid, status: 'error', message });
        }
      }
      return { message: 'Success invite participants', results };
    },
  );

  add(
    {
      id: 'revokeGroupInvite',
      method: 'post',
      path: '/group/invite/revoke',
      tag: 'group',
      scope: 'write',
      summary: 'Take invitations in person back',
      device: 'selected',
      body: z.object({ group_id: groupField, participants: peopleField }),
      forms: { participants: 'list' },
      results: outcomes,
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const list = await run<typeof groupRevokeInvite>('group-revoke-invite', {
        group: groupJid(body.group_id),
        participants: peopleJids(body.participants),
      });
      const results = toOutcomes(list, 'Action success', 'Failed to take the invitation back');
      return { message: 'Success revoke invitations', results };
    },
  );

  add(
    {
      id: 'acceptGroupInvite',
      method: 'post',
      path: '/group/invite/accept',
      tag: 'group',
      scope: 'write',
      summary: 'Accept an invitation in person',
      device: 'selected',
      body: invitation,
      forms: { expiration: 'number' },
      results: entered,
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const { group, pending } = await run<typeof groupAcceptInvite>(
        'group-accept-invite',
        personalInvite(body),
      );
      return { message: 'Success joined group', results: { group_id: group, pending } };
    },
  );

  add(
    {
      id: 'groupInviteInfo',
      method: 'get',
      path: '/group/invite/info',
      tag: 'group',
      scope: 'read',
      summary: 'The group that an invitation in person is to',
      device: 'selected',
      query: invitation.extend({ expiration: secondsInQuery }),
      results: linkedGroup,
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const info = await run<typeof groupInvitedTo>('group-invited-to', personalInvite(query));
      return { message: 'Success get group info from invitation', results: toLinkedGroup(info) };
    },
  );
}
