/** Groups, their members, and who wants to be one. */
import { z } from 'zod';
import {
  actor,
  bool,
  common,
  entry,
  flag,
  number,
  sampleCommon,
  sampleGroup,
  samplePerson,
  sampleTime,
  text,
  texts,
  time,
  word,
} from './entry.ts';

const said = (about: string) => text(about).optional();
const yes = (about: string) => bool(about).optional();

const people = {
  jids: texts('Whom it is about.'),
  lids: texts('Their LIDs, in the order of `jids`, empty where unknown.').optional(),
};

const linked = z.object({
  group_id: said('The other group.'),
  group_name: said('Its name.'),
  type: said('WhatsApp’s word.'),
  reason: said('WhatsApp’s word.'),
});

const by = { from: samplePerson.from, from_lid: samplePerson.from_lid, from_name: 'Ann' };
const members = { jids: ['15557654321@s.whatsapp.net'], lids: ['665544@lid'] };

export const groups = {
  'group.joined': entry({
    about: 'The account is in a group that it was not in.',
    payload: z.object({
      chat_id: text('The group.'),
      type: word(['join'], '`join`.'),
      ...people,
      reason: text('`invite` by link, otherwise mostly empty.'),
      group_name: said('Its name.'),
      ...actor,
      timestamp: time('When.'),
    }),
    sample: {
      chat_id: sampleGroup,
      type: 'join',
      jids: ['15550001111@s.whatsapp.net'],
      reason: '',
      group_name: 'Neighbours',
      ...by,
      timestamp: sampleTime,
    },
  }),
  'group.participants': entry({
    about: 'Members of a group changed.',
    payload: z.object({
      chat_id: text('The group.'),
      type: word(['join', 'leave', 'promote', 'demote', 'change_number'], 'How.'),
      ...people,
      previous_jids: texts('What they were called before, of `change_number`.').optional(),
      reason: said('WhatsApp’s word.'),
      ...actor,
      timestamp: time('When.'),
    }),
    sample: { chat_id: sampleGroup, type: 'join', ...members, ...by, timestamp: sampleTime },
  }),
  'group.updated': entry({
    about: 'A group changed: who did it, and what changed.',
    payload: z.object({
      chat_id: text('The group.'),
      subject: said('Its name; empty when it was taken away.'),
      description: said('What it is about; empty when it was taken away.'),
      description_id: said('Of the description.'),
      picture: word(['changed', 'removed'], 'What became of its picture.').optional(),
      picture_id: said('Of the new one.'),
      announce: yes('Only admins send.'),
      locked: yes('Only admins edit.'),
      expires_in: number('Messages disappear after so many seconds; 0 is never.').optional(),
      approval: yes('Who wants to join waits for an admin.'),
      subgroup_approval: yes('The same, of groups that want to join a community.'),
      member_add_mode: said('WhatsApp’s word for who adds members.'),
      member_link_mode: said('WhatsApp’s word for who hands out the link.'),
      member_share_history_mode: said('WhatsApp’s word for who shares the history.'),
      no_frequently_forwarded: yes('What was forwarded often is refused.'),
      admin_reports: yes('Members report to admins.'),
      history_for_new_members: yes('New members see what was said before.'),
      member_subgroups: yes('Members make groups in the community.'),
      invite_link: said('The link is another one.'),
      growth_locked: yes('WhatsApp lets nobody join by link.'),
      until: time('Until then.').optional(),
      suspended: yes('WhatsApp has suspended it.'),
      linked: linked.optional().describe('A group of a community, or its community.'),
      unlinked: linked.optional().describe('The same, no more.'),
      deleted: flag('It is no more.'),
      reason: said('Why.'),
      change: said('WhatsApp’s word for something else.'),
      ...actor,
      timestamp: time('When.'),
    }),
    sample: { chat_id: sampleGroup, subject: 'Neighbours', ...by, timestamp: sampleTime },
  }),
  'group.join_request': entry({
    about: 'Somebody wants to join, took that back or was refused. Who is let in is a `group.participants`.',
    payload: z.object({
      chat_id: text('The group.'),
      type: word(['created', 'revoked', 'rejected'], 'What became of it.'),
      ...people,
      method: said('How they came: WhatsApp’s word.'),
      ...actor,
      timestamp: time('When.'),
    }),
    sample: {
      chat_id: sampleGroup,
      type: 'created',
      ...members,
      method: 'invite_link',
      timestamp: sampleTime,
    },
  }),
  'group.member_label': entry({
    about: 'A member of a group gave themselves a label there.',
    payload: z.object({ ...common, label: text('The label; empty when it was taken away.') }),
    sample: { ...sampleCommon, chat_id: sampleGroup, chat_lid: undefined, label: 'Treasurer' },
  }),
};
