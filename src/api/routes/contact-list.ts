// Who the account knows, and by which addresses.
import { z } from '@hono/zod-openapi';
import type { userLid } from '../../device/commands/user-lid.ts';
import type { ApiDeps } from '../deps.ts';
import { addressedFailures } from '../failures.ts';
import { mentionJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

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

export function contactListRoutes(add: AddRoute, { chats }: ApiDeps): void {
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
}
