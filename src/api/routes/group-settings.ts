// What a group says of itself and how it is set; a community is asked as a group, by its JID.
import { z } from '@hono/zod-openapi';
import type { groupDescription } from '../../device/commands/group-description.ts';
import type { groupSetting } from '../../device/commands/group-setting.ts';
import type { groupSubject } from '../../device/commands/group-subject.ts';
import type { sendMemberLabel } from '../../device/commands/send-member-label.ts';
import type { InputOf } from '../../shard/protocol.ts';
import type { FormFields } from '../body.ts';
import { addressedFailures, sendFailures } from '../failures.ts';
import { nameText, shortText, timerField } from '../fields.ts';
import { groupField, LONGEST_DESCRIPTION, LONGEST_SUBJECT } from '../group-fields.ts';
import { groupJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

/** Baileys cuts longer ones off (Socket/messages-send.ts, updateMemberLabel). */
const LONGEST_LABEL = 30;

type Setting = InputOf<typeof groupSetting>['setting'];

interface SettingRoute<F extends z.ZodRawShape> {
  readonly id: string;
  readonly path: string;
  readonly summary: string;
  readonly fields: F;
  readonly forms: FormFields;
  setting(body: z.output<z.ZodObject<F>>): Setting;
  done(body: z.output<z.ZodObject<F>>): string;
}

export function groupSettingRoutes(add: AddRoute): void {
  add(
    {
      id: 'setGroupName',
      method: 'post',
      path: '/group/name',
      tag: 'group',
      scope: 'write',
      summary: 'Name a group',
      device: 'selected',
      body: z.object({ group_id: groupField, name: nameText(LONGEST_SUBJECT) }),
      forms: {},
      failures: addressedFailures,
    },
    async ({ body: { group_id, name }, run }) => {
      await run<typeof groupSubject>('group-subject', { group: groupJid(group_id), subject: name });
      return { message: `Success update group name to '${name}'` };
    },
  );

  add(
    {
      id: 'setGroupTopic',
      method: 'post',
      path: '/group/topic',
      tag: 'group',
      scope: 'write',
      summary: 'Describe a group; an empty topic removes the description',
      device: 'selected',
      body: z.object({ group_id: groupField, topic: shortText(LONGEST_DESCRIPTION).nullish() }),
      forms: {},
      failures: addressedFailures,
    },
    async ({ body: { group_id, topic }, run }) => {
      const text = topic?.trim() ?? '';
      await run<typeof groupDescription>('group-description', { group: groupJid(group_id), text });
      return { message: text === '' ? 'Success remove group topic' : 'Success update group topic' };
    },
  );

  add(
    {
      id: 'setGroupMemberLabel',
      method: 'post',
      path: '/group/member-label',
      tag: 'group',
      scope: 'write',
      summary: 'What the account is in a group, as its members see it; an empty label is none',
      device: 'selected',
      body: z.object({ group_id: groupField, label: shortText(LONGEST_LABEL).nullish() }),
      forms: {},
      failures: sendFailures,
    },
    async ({ body, run, newMessageId }) => {
      const label = body.label?.trim() ?? '';
      const to = groupJid(body.group_id);
      await run<typeof sendMemberLabel>('send-member-label', { id: newMessageId(), to, label });
      return { message: label === '' ? 'Success remove member label' : 'Success set member label' };
    },
  );

  const set = <F extends z.ZodRawShape>({ fields, setting, done, ...route }: SettingRoute<F>) =>
    add(
      {
        ...route,
        method: 'post',
        tag: 'group',
        scope: 'write',
        device: 'selected',
        body: z.object({ group_id: groupField, ...fields }),
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        // The schema of the body is the fields' and the group's.
        const given = body as z.output<z.ZodObject<F>> & { readonly group_id: string };
        const input = { group: groupJid(given.group_id), setting: setting(given) };
        await run<typeof groupSetting>('group-setting', input);
        return { message: done(given) };
      },
    );

  set({
    id: 'setGroupLocked',
    path: '/group/locked',
    summary: 'Whether only admins change what a group says of itself',
    fields: { locked: z.boolean() },
    forms: { locked: 'boolean' },
    setting: ({ locked }) => ({ what: 'locked', on: locked }),
    done: ({ locked }) => `Success set group as ${locked ? 'locked' : 'unlocked'}`,
  });

  set({
    id: 'setGroupAnnounce',
    path: '/group/announce',
    summary: 'Whether only admins write',
    fields: { announce: z.boolean() },
    forms: { announce: 'boolean' },
    setting: ({ announce }) => ({ what: 'announcement', on: announce }),
    done: ({ announce }) => `Success ${announce ? 'enable' : 'disable'} announce mode`,
  });

  set({
    id: 'setGroupEphemeral',
    path: '/group/ephemeral',
    summary: 'After how long messages disappear; 0 is never',
    fields: { timer_seconds: timerField('0 is off.') },
    forms: { timer_seconds: 'number' },
    setting: ({ timer_seconds }) => ({ what: 'ephemeral', seconds: timer_seconds }),
    done: ({ timer_seconds }) =>
      timer_seconds === 0 ? 'Success disable disappearing messages' : 'Success set disappearing messages',
  });

  const modes = [
    ['member-add-mode', 'memberAddMode', 'admin_add', 'all_member_add', 'Who adds people'],
    ['member-link-mode', 'memberLinkMode', 'admin_link', 'all_member_link', 'Who sees the invite link'],
    [
      'member-share-history-mode',
      'memberShareHistoryMode',
      'admin_share',
      'all_member_share',
      'Who shows newcomers what was said before',
    ],
  ] as const;
  for (const [path, what, admins, everybody, summary] of modes)
    set({
      id: `setGroup${what[0]?.toUpperCase()}${what.slice(1)}`,
      path: `/group/${path}`,
      summary: `${summary}: admins, or all members`,
      fields: { mode: z.enum([admins, everybody]) },
      forms: {},
      setting: ({ mode }) => ({ what, mode }),
      done: ({ mode }) => `Success set ${path.replaceAll('-', ' ')} to ${mode}`,
    });

  const switches = [
    ['join-approval', 'joinApproval', 'Whether an admin approves those who join by link'],
    ['block-frequently-forwarded', 'noFrequentlyForwarded', 'Whether what was forwarded often is kept out'],
    ['admin-reports', 'allowAdminReports', 'Whether members report messages to the admins'],
    ['history', 'groupHistory', 'Whether newcomers see what was said before'],
  ] as const;
  for (const [path, what, summary] of switches)
    set({
      id: `setGroup${what[0]?.toUpperCase()}${what.slice(1)}`,
      path: `/group/${path}`,
      summary,
      fields: { enabled: z.boolean() },
      forms: { enabled: 'boolean' },
      setting: ({ enabled }) => ({ what, on: enabled }),
      done: ({ enabled }) => `Success ${enabled ? 'enable' : 'disable'} ${path.replaceAll('-', ' ')}`,
    });
}
