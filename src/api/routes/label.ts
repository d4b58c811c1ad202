// Labels of chats and messages, which the devices of an account share.
import { z } from '@hono/zod-openapi';
import type { labelAssociations } from '../../device/commands/label-associations.ts';
import type { labelList } from '../../device/commands/label-list.ts';
import type { labelSave } from '../../device/commands/label-save.ts';
import type { labelTie } from '../../device/commands/label-tie.ts';
import { sharedFailures } from '../failures.ts';
import { phoneField } from '../fields.ts';
import { messageId, messageParams } from '../message-id.ts';
import { flag } from '../query.ts';
import { recipientJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

const name = z.string().trim().min(1).max(100).openapi({ example: 'Paid' });
const color = z
  .int()
  .min(0)
  .max(19)
  .openapi({ description: "One of WhatsApp's twenty colours, counted from 0." });
const label_id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected the id of a label');
const params = z.object({ label_id });
const label = z.object({
  id: z.string(),
  name: z.string(),
  color: z.int(),
  predefined_id: z.string().optional().openapi({ description: "One of WhatsApp's own." }),
});
const association = z.object({
  label_id: z.string(),
  chat_id: z.string(),
  message_id: z.string().optional().openapi({ description: 'Absent: the chat itself.' }),
});

interface Shared {
  readonly id: string;
  readonly name: string;
  readonly color: number;
  readonly predefinedId?: string;
}

export function labelRoutes(add: AddRoute): void {
  add(
    {
      id: 'listLabels',
      method: 'get',
      path: '/labels',
      tag: 'label',
      scope: 'read',
      summary: 'All labels, and how many chats bear each',
      device: 'selected',
      query: z.object({
        refresh: flag.openapi({ description: 'Asks WhatsApp for all labels first.' }),
      }),
      results: z.array(label.extend({ chats: z.int() })),
      failures: sharedFailures,
    },
    async ({ query, run }) => {
      const labels = await run<typeof labelList>('label-list', { refresh: query.refresh ?? false });
      return {
        message: 'Success get labels',
        results: labels.map(({ chats, ...one }) => ({ ...shown(one), chats })),
      };
    },
  );

  add(
    {
      id: 'createLabel',
      method: 'post',
      path: '/label',
      tag: 'label',
      scope: 'write',
      summary: 'Make a label',
      device: 'selected',
      body: z.object({ name, color: color.nullish() }),
      forms: { color: 'number' },
      results: label,
      failures: sharedFailures,
    },
    async ({ body, run }) => {
      const made = await run<typeof labelSave>('label-save', {
        name: body.name,
        ...(typeof body.color === 'number' && { color: body.color }),
      });
      return { message: 'Label created', results: shown(made) };
    },
  );

  add(
    {
      id: 'updateLabel',
      method: 'patch',
      path: '/label/{label_id}',
      tag: 'label',
      scope: 'write',
      summary: 'Change the name or the colour of a label',
      device: 'selected',
      params,
      body: z.object({ name: name.nullish(), color: color.nullish() }),
      forms: { color: 'number' },
      results: label,
      failures: sharedFailures,
    },
    async ({ params, body, run }) => {
      const changed = await run<typeof labelSave>('label-save', {
        id: params.label_id,
        ...(body.name && { name: body.name }),
        ...(typeof body.color === 'number' && { color: body.color }),
      });
      return { message: 'Label updated', results: shown(changed) };
    },
  );

  add(
    {
      id: 'deleteLabel',
      method: 'delete',
      path: '/label/{label_id}',
      tag: 'label',
      scope: 'write',
      summary: 'Delete a label, and take it off everything that bears it',
      device: 'selected',
      params,
      failures: sharedFailures,
    },
    async ({ params, run }) => {
      await run<typeof labelSave>('label-save', { id: params.label_id, deleted: true });
      return { message: 'Label deleted' };
    },
  );

  add(
    {
      id: 'labelledChats',
      method: 'get',
      path: '/label/{label_id}/chats',
      tag: 'label',
      scope: 'read',
      summary: 'The chats and messages that bear a label',
      device: 'selected',
      params,
      results: z.array(association),
      failures: sharedFailures,
    },
    async ({ params, run }) => {
      const found = await run<typeof labelAssociations>('label-associations', { label: params.label_id });
      return { message: 'Success get labelled chats', results: found.map(toAssociation) };
    },
  );

  add(
    {
      id: 'chatLabels',
      method: 'get',
      path: '/chat/{chat_jid}/labels',
      tag: 'label',
      scope: 'read',
      summary: 'The labels that a chat and its messages bear',
      device: 'selected',
      params: z.object({ chat_jid: z.string().min(1) }),
      results: z.array(association),
      failures: [...sharedFailures, 'INVALID_JID'],
    },
    async ({ params, run }) => {
      const chat = recipientJid(params.chat_jid, 'chat_jid');
      const found = await run<typeof labelAssociations>('label-associations', { chat });
      return { message: 'Success get chat labels', results: found.map(toAssociation) };
    },
  );

  add(
    {
      id: 'labelChat',
      method: 'post',
      path: '/chat/{chat_jid}/label',
      tag: 'label',
      scope: 'write',
      summary: 'Put a label on a chat, or take it off',
      device: 'selected',
      params: z.object({ chat_jid: z.string().min(1) }),
      body: z.object({ label_id, labeled: z.boolean() }),
      forms: { labeled: 'boolean' },
      failures: [...sharedFailures, 'INVALID_JID'],
    },
    async ({ params, body, run }) => {
      const { label_id: label, labeled } = body;
      const chat = recipientJid(params.chat_jid, 'chat_jid');
      await run<typeof labelTie>('label-tie', { label, chat, labeled });
      return { message: labeled ? 'Chat labelled' : 'Label taken off the chat' };
    },
  );

  add(
    {
      id: 'labelMessage',
      method: 'post',
      path: '/message/{message_id}/label',
      tag: 'label',
      scope: 'write',
      summary: 'Put a label on a message, or take it off',
      device: 'selected',
      params: messageParams,
      body: z.object({ phone: phoneField, label_id, labeled: z.boolean() }),
      forms: { labeled: 'boolean' },
      failures: [...sharedFailures, 'INVALID_JID'],
    },
    async ({ params, body, run }) => {
      const { label_id: label, labeled } = body;
      const chat = recipientJid(body.phone);
      await run<typeof labelTie>('label-tie', {
        label,
        chat,
        message: messageId(params.message_id),
        labeled,
      });
      return { message: labeled ? 'Message labelled' : 'Label taken off the message' };
    },
  );
}

function shown({ id, name, color, predefinedId }: Shared): z.input<typeof label> {
  return { id, name, color, ...(predefinedId !== undefined && { predefined_id: predefinedId }) };
}

function toAssociation({
  label,
  chat,
  message,
}: {
  readonly label: string;
  readonly chat: string;
  readonly message: string;
}): z.input<typeof association> {
  return { label_id: label, chat_id: chat, ...(message !== '' && { message_id: message }) };
}
