// The address book of a device's phone: who is written into it and taken out. Its list is beside the chats.
import { z } from '@hono/zod-openapi';
import type { contactRemove } from '../../device/commands/contact-remove.ts';
import type { contactSave } from '../../device/commands/contact-save.ts';
import { sharedFailures } from '../failures.ts';
import { phoneField } from '../fields.ts';
import { mentionJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

const name = z.string().max(256);

export function contactRoutes(add: AddRoute): void {
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
