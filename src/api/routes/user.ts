// The account of a device and other people.
import { z } from '@hono/zod-openapi';
import type { aboutSet } from '../../device/commands/about-set.ts';
import type { avatarRemove } from '../../device/commands/avatar-remove.ts';
import type { businessProfile } from '../../device/commands/business-profile.ts';
import type { presenceSubscribe } from '../../device/commands/presence-subscribe.ts';
import type { pushnameSet } from '../../device/commands/pushname-set.ts';
import type { userAvatar } from '../../device/commands/user-avatar.ts';
import type { userCheck } from '../../device/commands/user-check.ts';
import type { userInfo } from '../../device/commands/user-info.ts';
import type { ApiDeps } from '../deps.ts';
import { sharedFailures, whatsappFailures } from '../failures.ts';
import { mentionJid, phoneDigits, recipientJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { sendableText } from '../sending.ts';
import { contactRoutes } from './contact.ts';
import { privacyRoutes } from './privacy.ts';

/** Numbers of one bulk check: WhatsApp Web asks for hundreds at once when it is linked, and a flood is refused (429). */
const MOST_NUMBERS = 500;
/** What WhatsApp's apps take. */
const LONGEST_NAME = 25;
const LONGEST_ABOUT = 139;

export const phone = z.string().min(1).openapi({
  description: 'A number with its country code, or a JID.',
  example: '15551234567',
});
/** In a query everything is text; gowa takes the same words. */
const flag = z.enum(['true', 'false', '1', '0', '']).optional();
const isOn = (written: string | undefined) => written === 'true' || written === '1';

const info = z.object({
  verified_name: z.string().openapi({ description: 'The name that WhatsApp has certified for a business.' }),
  status: z.string().openapi({ description: 'The about, empty where it is not shown to this account.' }),
  status_at: z.iso.datetime().optional().openapi({ description: 'When the about was set.' }),
  picture_id: z.string(),
  lid: z.string().optional().openapi({ example: '123456789012345@lid' }),
  devices: z.array(
    z.object({
      User: z.string(),
      Agent: z.int(),
      Device: z.string().openapi({ description: 'The number of the device; 0 is the phone.' }),
      Server: z.string(),
      AD: z.boolean().openapi({ description: 'It is no phone.' }),
    }),
  ),
});

const businessResults = z.object({
  jid: z.string(),
  email: z.string(),
  address: z.string(),
  categories: z.array(z.object({ id: z.string(), name: z.string() })),
  profile_options: z.record(z.string(), z.string()),
  business_hours_timezone: z.string(),
  business_hours: z.array(
    z.object({
      day_of_week: z.string(),
      mode: z.string(),
      open_time: z.string().openapi({ example: '09:00' }),
      close_time: z.string().openapi({ example: '18:00' }),
    }),
  ),
});

const checked = z.object({
  phone: z.string(),
  is_on_whatsapp: z.boolean(),
  jid: z.string().optional(),
  lid: z.string().optional(),
});

export function userRoutes(add: AddRoute, _deps: ApiDeps): void {
  add(
    {
      id: 'userInfo',
      method: 'get',
      path: '/user/info',
      tag: 'user',
      scope: 'read',
      summary: 'What a person shows to this account',
      device: 'selected',
      query: z.object({ phone }),
      results: info,
      failures: [...whatsappFailures, 'INVALID_JID'],
    },
    async ({ query, run }) => {
      const jid = mentionJid(query.phone, 'phone');
      const person = await run<typeof userInfo>('user-info', { jid });
      const [User = '', Server = ''] = jid.split('@');
      const results = {
        verified_name: person.verifiedName,
        status: person.about,
        ...(person.aboutAt !== undefined && { status_at: new Date(person.aboutAt).toISOString() }),
        picture_id: person.pictureId,
        ...(person.lid && { lid: person.lid }),
        devices: person.devices.map(no => ({ User, Agent: 0, Device: String(no), Server, AD: no > 0 })),
      };
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
      query: z.object({ phone, is_preview: flag, is_community: flag }),
      results: z.object({ url: z.string(), id: z.string(), type: z.string() }),
      failures: [...whatsappFailures, 'INVALID_JID'],
    },
    async ({ query, run }) => {
      const results = await run<typeof userAvatar>('user-avatar', {
        jid: recipientJid(query.phone),
        preview: isOn(query.is_preview),
        community: isOn(query.is_community),
      });
      return { message: 'Success get avatar', results };
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
      await run<typeof avatarRemove>('avatar-remove', {});
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
      await run<typeof pushnameSet>('pushname-set', { name: sendableText(body.push_name, 'push_name') });
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
      await run<typeof aboutSet>('about-set', { about: sendableText(body.about, 'about') });
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
      query: z.object({ phone }),
      results: z.object({ is_on_whatsapp: z.boolean() }),
      failures: [...whatsappFailures, 'INVALID_JID'],
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
      failures: [...whatsappFailures, 'INVALID_JID'],
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
      id: 'userBusinessProfile',
      method: 'get',
      path: '/user/business-profile',
      tag: 'user',
      scope: 'read',
      summary: 'What a business says of itself',
      device: 'selected',
      query: z.object({ phone }),
      results: businessResults,
      failures: [...whatsappFailures, 'INVALID_JID'],
    },
    async ({ query, run }) => {
      const jid = mentionJid(query.phone, 'phone');
      const found = await run<typeof businessProfile>('business-profile', { jid });
      const results = {
        jid: found.jid,
        email: found.email,
        address: found.address,
        categories: [...found.categories],
        profile_options: { ...found.options },
        business_hours_timezone: found.timezone,
        business_hours: found.hours.map(({ day, mode, open, close }) => ({
          day_of_week: day,
          mode,
          open_time: clock(open),
          close_time: clock(close),
        })),
      };
      return { message: 'Success get business profile', results };
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
      body: z.object({ phone }),
      forms: {},
      failures: [...whatsappFailures, 'INVALID_JID'],
    },
    async ({ body, run }) => {
      await run<typeof presenceSubscribe>('presence-subscribe', { jid: mentionJid(body.phone, 'phone') });
      return { message: 'Subscribed to presence' };
    },
  );

  privacyRoutes(add);
  contactRoutes(add);
}

/** The digits of a number that is written alone or as a JID. Fails with INVALID_JID. */
function numberOf(written: string, field: string): string {
  return phoneDigits(written.endsWith('@s.whatsapp.net') ? (written.split(/[:@]/)[0] ?? '') : written, field);
}

/** Minutes since midnight as gowa shows them. */
function clock(minutes: number | undefined): string {
  if (minutes === undefined) return '';
  const two = (part: number) => String(part).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
