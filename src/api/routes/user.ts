// The account of a device and other people.
import { z } from '@hono/zod-openapi';
import type { aboutSet } from '../../device/commands/about-set.ts';
import type { avatarSet } from '../../device/commands/avatar-set.ts';
import type { presenceSubscribe } from '../../device/commands/presence-subscribe.ts';
import type { pushnameSet } from '../../device/commands/pushname-set.ts';
import type { userAvatar } from '../../device/commands/user-avatar.ts';
import type { userCheck } from '../../device/commands/user-check.ts';
import type { userInfo } from '../../device/commands/user-info.ts';
import type { ApiDeps } from '../deps.ts';
import { addressedFailures, sharedFailures, whatsappFailures } from '../failures.ts';
import { phoneField } from '../fields.ts';
import { flag } from '../query.ts';
import { mentionJid, phoneDigits, recipientJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { PICTURE_BYTES, pictureFailures, squarePicture } from '../square.ts';
import { invalid } from '../validate.ts';
import { businessRoutes } from './business.ts';
import { contactRoutes } from './contact.ts';
import { privacyRoutes } from './privacy.ts';

/** Numbers of one bulk check: WhatsApp Web asks for hundreds at once when it is linked, and a flood is refused (429). */
const MOST_NUMBERS = 500;
/** What WhatsApp's apps take. */
const LONGEST_NAME = 25;
const LONGEST_ABOUT = 139;

const person = z.object({
  name: z
    .string()
    .openapi({ description: 'As this account calls the person, empty where it has no name for them.' }),
  verified_name: z.string().openapi({ description: 'The name that WhatsApp has certified for a business.' }),
  status: z.string().openapi({ description: 'The about, empty where it is not shown to this account.' }),
  status_at: z.iso.datetime().optional().openapi({ description: 'When the about was set.' }),
  picture_id: z.string(),
  devices: z.array(
    z.object({
      User: z.string(),
      Agent: z.int(),
      Device: z.string().openapi({ description: 'The number of the device; 0 is the phone.' }),
      Server: z.string(),
      AD: z.string().openapi({ example: '15551234567.0:3@s.whatsapp.net' }),
    }),
  ),
});

/** gowa's document has the one person alone, its code a list of one. */
const info = z.object({
  data: z.array(person),
  resolved_lid: z.string().optional().openapi({ example: '123456789012345@lid' }),
});

const checked = z.object({
  phone: z.string(),
  is_on_whatsapp: z.boolean(),
  jid: z.string().optional(),
  lid: z.string().optional(),
});

export function userRoutes(add: AddRoute, { chats, media }: ApiDeps): void {
  add(
    {
      id: 'userInfo',
      method: 'get',
      path: '/user/info',
      tag: 'user',
      scope: 'read',
      summary: 'What a person shows to this account',
      device: 'selected',
      query: z.object({ phone: phoneField }),
      results: info,
      failures: addressedFailures,
    },
    async ({ query, device, run }) => {
      const jid = mentionJid(query.phone, 'phone');
      const person = await run<typeof userInfo>('user-info', { jid });
      const [User = '', Server = ''] = jid.split('@');
      const names = await chats.names(device.no, person.lid ? [jid, person.lid] : [jid]);
      const data = {
        name: names.get(jid) ?? names.get(person.lid ?? '') ?? '',
        verified_name: person.verifiedName,
        status: person.about,
        ...(person.aboutAt !== undefined && { status_at: new Date(person.aboutAt).toISOString() }),
        picture_id: person.pictureId,
        devices: person.devices.map(no => ({
          User,
          Agent: 0,
          Device: String(no),
          Server,
          AD: `${User}.0:${no}@${Server}`,
        })),
      };
      const results = { data: [data], ...(person.lid && { resolved_lid: person.lid }) };
      return { message: 'Success get user info', results };
    },
  );

  add(
    {
      id: 'userAvatar',
      method: 'get',
      path: '/user/avatar',
      tag: 'user',
      scope: 'read',
      summary: 'Where the picture of a person, a group or a community can be fetched',
      device: 'selected',
      query: z.object({ phone: phoneField, is_preview: flag, is_community: flag }),
      results: z.object({ url: z.string(), id: z.string(), type: z.string() }),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const results = await run<typeof userAvatar>('user-avatar', {
        jid: recipientJid(query.phone),
        preview: query.is_preview ?? false,
        community: query.is_community ?? false,
      });
      return { message: 'Success get avatar', results };
    },
  );

  add(
    {
      id: 'userChangeAvatar',
      method: 'post',
      path: '/user/avatar',
      tag: 'user',
      scope: 'write',
      summary: "Change the account's own picture, which is cut to a square",
      device: 'selected',
      body: z.object({}),
      forms: {},
      files: { avatar: { maxBytes: PICTURE_BYTES } },
      failures: [...whatsappFailures, ...pictureFailures],
    },
    async ({ files, batch, run }) => {
      const [upload] = files.avatar ?? [];
      if (!upload) throw invalid('avatar', 'send a file in a multipart form');
      const picture = await squarePicture(media, upload, batch, 'avatar');
      await run<typeof avatarSet>('avatar-set', { picture });
      return { message: 'Success change avatar' };
    },
  );

  add(
    {
      id: 'userRemoveAvatar',
      method: 'delete',
      path: '/user/avatar',
      tag: 'user',
      scope: 'write',
      summary: "Remove the account's own picture",
      device: 'selected',
      failures: whatsappFailures,
    },
    async ({ run }) => {
      await run<typeof avatarSet>('avatar-set', {});
      return { message: 'Success remove avatar' };
    },
  );

  add(
    {
      id: 'userChangePushName',
      method: 'post',
      path: '/user/pushname',
      tag: 'user',
      scope: 'write',
      summary: "Change the account's name, as others see it",
      device: 'selected',
      body: z.object({ push_name: z.string().trim().min(1).max(LONGEST_NAME) }),
      forms: {},
      failures: sharedFailures,
    },
    async ({ body, run }) => {
      await run<typeof pushnameSet>('pushname-set', { name: body.push_name });
      return { message: 'Success change push name' };
    },
  );

  add(
    {
      id: 'userChangeAbout',
      method: 'post',
      path: '/user/about',
      tag: 'user',
      scope: 'write',
      summary: 'Change the line below the name of the account',
      device: 'selected',
      body: z.object({ about: z.string().max(LONGEST_ABOUT) }),
      forms: {},
      failures: whatsappFailures,
    },
    async ({ body, run }) => {
      await run<typeof aboutSet>('about-set', { about: body.about });
      return { message: 'Success change about' };
    },
  );

  add(
    {
      id: 'userCheck',
      method: 'get',
      path: '/user/check',
      tag: 'user',
      scope: 'read',
      summary: 'Whether a number has a WhatsApp account',
      device: 'selected',
      query: z.object({ phone: phoneField }),
      results: z.object({ is_on_whatsapp: z.boolean() }),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const [found] = await run<typeof userCheck>('user-check', {
        numbers: [numberOf(query.phone, 'phone')],
      });
      return { message: 'Success check user', results: { is_on_whatsapp: found?.known === true } };
    },
  );

  add(
    {
      id: 'userCheckMany',
      method: 'post',
      path: '/user/check',
      tag: 'user',
      scope: 'read',
      summary: `Which of up to ${MOST_NUMBERS} numbers have a WhatsApp account, in one request`,
      device: 'selected',
      body: z.object({ phones: z.array(z.string()).min(1).max(MOST_NUMBERS) }),
      forms: { phones: 'list' },
      results: z.array(checked),
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const numbers = body.phones.map((written, n) => numberOf(written, `phones.${n}`));
      const found = await run<typeof userCheck>('user-check', { numbers });
      const results = found.map(({ number, known, jid, lid }) => ({
        phone: number,
        is_on_whatsapp: known,
        ...(known && { jid, ...(lid && { lid }) }),
      }));
      return { message: 'Success check users', results };
    },
  );

  add(
    {
      id: 'userSubscribePresence',
      method: 'post',
      path: '/user/presence/subscribe',
      tag: 'user',
      scope: 'read',
      summary: 'Hear when a person comes and goes, until the connection ends',
      device: 'selected',
      body: z.object({ phone: phoneField }),
      forms: {},
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      await run<typeof presenceSubscribe>('presence-subscribe', { jid: mentionJid(body.phone, 'phone') });
      return { message: 'Subscribed to presence' };
    },
  );

  privacyRoutes(add);
  contactRoutes(add);
  businessRoutes(add);
}

/** The digits of a number that is written alone or as a JID. Fails with INVALID_JID. */
function numberOf(written: string, field: string): string {
  return phoneDigits(written.endsWith('@s.whatsapp.net') ? (written.split(/[:@]/)[0] ?? '') : written, field);
}
