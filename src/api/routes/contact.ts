// Who the account knows and by which addresses, and the address book of its phone.
import { z } from '@hono/zod-openapi';
import type { contactRemove } from '../../device/commands/contact-remove.ts';
import type { contactSave } from '../../device/commands/contact-save.ts';
import type { userLid } from '../../device/commands/user-lid.ts';
import type { ApiDeps } from '../deps.ts';
import { addressedFailures, sharedFailures } from '../failures.ts';
import { phoneField } from '../fields.ts';
import { mentionJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

const name = z.string().max(256);

const contact = z
  .object({
    jid: z.string().openapi({ example: '15551234567@s.whatsapp.net' }),
    name: z.string().openapi({ description: 'As saved, else as the person or the business calls itself.' }),
    saved: z.boolean().openapi({ description: 'The name is the one in the address book of the account.' }),
    push_name: z.string().optional(),
    business_name: z.string().optional(),
    lid: z.string().optional(),
  })
  .openapi('Contact');

export function contactRoutes(add: AddRoute, { chats }: Pick<ApiDeps, 'chats'>): void {
  add(
    {
      id: 'userMyContacts',
      method: 'get',
      path: '/user/my/contacts',
      tag: 'user',
      scope: 'read',
      summary: 'Everybody whose name the account knows',
      device: 'selected',
      results: z.object({ data: z.array(contact) }),
      failures: ['STORE_UNAVAILABLE'],
    },
    async ({ device }) => ({
      message: 'Success get list contacts',
      results: {
        data: (await chats.contacts(device.no)).map(({ jid, lid, saved, push, business }) => ({
          jid,
          name: saved || push || business,
          saved: saved !== '',
          ...(push && { push_name: push }),
          ...(business && { business_name: business }),
          ...(lid && lid !== jid && { lid }),
        })),
      },
    }),
  );

  add(
    {
      id: 'userLid',
      method: 'get',
      path: '/user/lid',
      tag: 'user',
      scope: 'read',
      summary: 'The number and the LID of a person, from either of them',
      device: 'selected',
      query: z.object({
        phone: z.string().min(1).max(256).openapi({
          description:
            'A number, or a JID by number or LID. WhatsApp is asked for the LID of a number alone.',
        }),
      }),
      results: z.object({
        jid: z.string().nullable().openapi({ example: '15551234567@s.whatsapp.net' }),
        phone: z.string().nullable().openapi({ example: '15551234567' }),
        lid: z.string().nullable().openapi({ example: '123456789012345@lid' }),
      }),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const { pn, lid } = await run<typeof userLid>('user-lid', { jid: mentionJid(query.phone, 'phone') });
      return {
        message: 'Success get LID',
        results: { jid: pn ?? null, phone: pn?.slice(0, pn.indexOf('@')) ?? null, lid: lid ?? null },
      };
    },
  );

  add(
    {
      id: 'userSaveContact',
      method: 'post',
      path: '/user/contact',
      tag: 'user',
      scope: 'write',
      summary: "Put a person into the phone's address book, or change the name there",
      device: 'selected',
      body: z.object({
        phone: phoneField,
        full_name: name.trim().min(1),
        first_name: name.nullish(),
      }),
      forms: {},
      failures: [...sharedFailures, 'INVALID_JID'],
    },
    async ({ body, run }) => {
      await run<typeof contactSave>('contact-save', {
        jid: mentionJid(body.phone, 'phone'),
        fullName: body.full_name,
        ...(body.first_name && { firstName: body.first_name }),
      });
      return { message: 'Success save contact' };
    },
  );

  add(
    {
      id: 'userRemoveContact',
      method: 'post',
      path: '/user/contact/remove',
      tag: 'user',
      scope: 'write',
      summary: "Take a person out of the phone's address book",
      device: 'selected',
      body: z.object({ phone: phoneField }),
      forms: {},
      failures: [...sharedFailures, 'INVALID_JID'],
    },
    async ({ body, run }) => {
      await run<typeof contactRemove>('contact-remove', { jid: mentionJid(body.phone, 'phone') });
      return { message: 'Success remove contact' };
    },
  );
}
