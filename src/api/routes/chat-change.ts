// How a chat stands for all devices of an account: pinned, archived, muted, read, cleared, gone, and its timer.
import { z } from '@hono/zod-openapi';
import type { ChatChange, chatChange } from '../../device/commands/chat-change.ts';
import type { groupSetting } from '../../device/commands/group-setting.ts';
import type { sendTimer } from '../../device/commands/send-timer.ts';
import { Failure } from '../../errors.ts';
import type { FormFields } from '../body.ts';
import { sendFailures, sharedFailures } from '../failures.ts';
import { timerField } from '../fields.ts';
import { recipientJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { invalid } from '../validate.ts';

const params = z.object({
  chat_jid: z.string().min(1).openapi({ example: '15551234567@s.whatsapp.net' }),
});
const said = { status: z.string(), message: z.string(), chat_jid: z.string() };

interface Change<B extends z.ZodRawShape, R extends z.ZodRawShape> {
  readonly id: string;
  readonly path?: string;
  readonly method?: 'delete';
  readonly summary: string;
  readonly body: B;
  readonly forms?: FormFields;
  readonly results: R;
  readonly of: (body: z.output<z.ZodObject<B>>) => {
    readonly change: ChatChange;
    readonly message: string;
    readonly results: z.input<z.ZodObject<R>>;
  };
}

export function chatChangeRoutes(add: AddRoute): void {
  const changes = <B extends z.ZodRawShape, R extends z.ZodRawShape>(route: Change<B, R>) =>
    add(
      {
        id: route.id,
        method: route.method ?? 'post',
        path: `/chat/{chat_jid}${route.path ?? ''}`,
        tag: 'chat',
        scope: 'write',
        summary: route.summary,
        device: 'selected',
        params,
        ...(!route.method && { body: z.object(route.body), forms: route.forms ?? {} }),
        results: z.object({ ...said, ...route.results }),
        failures: [...sharedFailures, 'INVALID_JID'],
      },
      async ({ params, body, run }) => {
        const jid = chatJid(params.chat_jid);
        const { change, message, results } = route.of(body as never);
        await run<typeof chatChange>('chat-change', { jid, change });
        return { message, results: { status: 'success', message, chat_jid: jid, ...results } as never };
      },
    );

  changes({
    id: 'pinChat',
    path: '/pin',
    summary: 'Pin a chat to the top of the list, or unpin it',
    body: { pinned: z.boolean() },
    forms: { pinned: 'boolean' },
    results: { pinned: z.boolean() },
    of: ({ pinned }) => ({
      change: { pinned },
      message: `Chat ${pinned ? 'pinned' : 'unpinned'} successfully`,
      results: { pinned },
    }),
  });

  changes({
    id: 'archiveChat',
    path: '/archive',
    summary: 'Put a chat into the archive, or take it out',
    body: { archived: z.boolean() },
    forms: { archived: 'boolean' },
    results: { archived: z.boolean() },
    of: ({ archived }) => ({
      change: { archived },
      message: `Chat ${archived ? 'archived' : 'unarchived'} successfully`,
      results: { archived },
    }),
  });

  changes({
    id: 'muteChat',
    path: '/mute',
    summary: 'Mute a chat, until a time or for ever, or unmute it',
    body: {
      muted: z.boolean(),
      until: z.string().nullish().openapi({ format: 'date-time', description: 'Without it: for ever.' }),
    },
    forms: { muted: 'boolean' },
    results: { muted: z.boolean(), until: z.iso.datetime().optional() },
    of: ({ muted, until }) => {
      const end = muted && until ? timeIn(until, 'until') : undefined;
      return {
        change: { muted: muted ? (end ?? -1) : null },
        message: `Chat ${muted ? 'muted' : 'unmuted'} successfully`,
        results: { muted, ...(end !== undefined && { until: new Date(end).toISOString() }) },
      };
    },
  });

  changes({
    id: 'markChatRead',
    path: '/read',
    summary: 'Mark a whole chat as read or as unread, for the own devices: no sender hears of it',
    body: { read: z.boolean().nullish().openapi({ description: 'false marks it as unread.' }) },
    forms: { read: 'boolean' },
    results: { read: z.boolean() },
    of: ({ read }) => ({
      change: { read: read ?? true },
      message: `Chat marked as ${read === false ? 'unread' : 'read'}`,
      results: { read: read ?? true },
    }),
  });

  changes({
    id: 'clearChat',
    path: '/clear',
    summary: 'Delete all messages of a chat, for the own devices',
    body: {},
    results: {},
    of: () => ({ change: { clear: true }, message: 'Chat cleared successfully', results: {} }),
  });

  changes({
    id: 'deleteChat',
    method: 'delete',
    summary: 'Delete a chat with its messages, for the own devices',
    body: {},
    results: {},
    of: () => ({ change: { delete: true }, message: 'Chat deleted successfully', results: {} }),
  });

  add(
    {
      id: 'setDisappearingTimer',
      method: 'post',
      path: '/chat/{chat_jid}/disappearing',
      tag: 'chat',
      scope: 'write',
      summary: 'After how long the messages of a chat disappear',
      device: 'selected',
      params,
      body: z.object({ timer_seconds: timerField('0 is off.') }),
      forms: { timer_seconds: 'number' },
      results: z.object({ ...said, timer_seconds: z.int() }),
      failures: [...new Set([...sharedFailures, ...sendFailures])],
    },
    async ({ params, body: { timer_seconds }, run, newMessageId }) => {
      const jid = chatJid(params.chat_jid);
      if (jid.endsWith('@g.us'))
        await run<typeof groupSetting>('group-setting', {
          group: jid,
          setting: { what: 'ephemeral', seconds: timer_seconds },
        });
      else await run<typeof sendTimer>('send-timer', { id: newMessageId(), to: jid, seconds: timer_seconds });
      const message =
        timer_seconds === 0
          ? 'Disappearing messages disabled'
          : `Disappearing messages set to ${timer_seconds} seconds`;
      return { message, results: { status: 'success', message, chat_jid: jid, timer_seconds } };
    },
  );
}

/** A chat with a person or a group. Fails with INVALID_JID. */
function chatJid(written: string): string {
  const jid = recipientJid(written, 'chat_jid');
  if (/@(?:s\.whatsapp\.net|lid|g\.us)$/.test(jid)) return jid;
  throw new Failure('INVALID_JID', 'chat_jid: expected a person or a group.', {
    results: { field: 'chat_jid' },
  });
}

/** A time to come, in ms since 1970. Fails with VALIDATION_ERROR. */
function timeIn(written: string, field: string): number {
  const at = /^\d{4}-\d{2}-\d{2}T/.test(written) ? Date.parse(written) : Number.NaN;
  if (!(at < Date.UTC(3000))) throw invalid(field, 'expected a time such as 2030-01-31T08:00:00Z');
  if (at <= Date.now()) throw invalid(field, 'is not in the future');
  return at;
}
