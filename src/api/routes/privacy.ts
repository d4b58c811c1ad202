// Who may see and do what with the account of a device, and whom it has blocked.
import { z } from '@hono/zod-openapi';
import type { blockList } from '../../device/commands/block-list.ts';
import type { blockSet } from '../../device/commands/block-set.ts';
import type { privacyGet } from '../../device/commands/privacy-get.ts';
import type { privacySet } from '../../device/commands/privacy-set.ts';
import { addressedFailures, sharedFailures, whatsappFailures } from '../failures.ts';
import { phoneField, timerField } from '../fields.ts';
import { mentionJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { invalid } from '../validate.ts';

const audience = ['all', 'contacts', 'contact_blacklist', 'none'] as const;

/** gowa's names of the settings, or ours in its style, with WhatsApp's own names and the values that each may have. */
const categories = {
  group_add: ['groupadd', audience],
  last_seen: ['last', audience],
  status: ['status', audience],
  profile: ['profile', audience],
  read_receipts: ['readreceipts', ['all', 'none']],
  online: ['online', ['all', 'match_last_seen']],
  call_add: ['calladd', ['all', 'known', 'contacts']],
  messages: ['messages', ['all', 'contacts']],
} as const;
type Category = keyof typeof categories;
const names = Object.keys(categories) as Category[];

const privacy = z.object({
  ...(Object.fromEntries(names.map(name => [name, z.string()])) as Record<Category, z.ZodString>),
  default_timer_seconds: z.int().openapi({ description: 'The timer of new chats in seconds; 0 is off.' }),
});

const change = z.object({
  ...(Object.fromEntries(
    names.map(name => [name, z.enum(categories[name][1] as readonly string[]).nullish()]),
  ) as Record<Category, z.ZodOptional<z.ZodNullable<z.ZodEnum<Record<string, string>>>>>),
  default_timer_seconds: timerField('The timer of new chats in seconds; 0 is off.').nullish(),
  disable_link_previews: z.boolean().nullish(),
});

export function privacyRoutes(add: AddRoute): void {
  add(
    {
      id: 'userMyPrivacy',
      method: 'get',
      path: '/user/my/privacy',
      tag: 'user',
      scope: 'read',
      summary: 'Who may see and do what with the account',
      device: 'selected',
      results: privacy,
      failures: whatsappFailures,
    },
    async ({ run }) => ({
      message: 'Success get privacy',
      results: shown(await run<typeof privacyGet>('privacy-get', {})),
    }),
  );

  add(
    {
      id: 'userChangeMyPrivacy',
      method: 'patch',
      path: '/user/my/privacy',
      tag: 'user',
      scope: 'write',
      summary: 'Change who may see and do what; what is left out stays',
      device: 'selected',
      body: change,
      forms: { default_timer_seconds: 'number', disable_link_previews: 'boolean' },
      results: privacy,
      failures: sharedFailures,
    },
    async ({ body, run }) => {
      const values: Record<string, string> = {};
      for (const name of names) {
        const value = body[name];
        if (value) values[categories[name][0]] = value;
      }
      const { default_timer_seconds: timer, disable_link_previews: previews } = body;
      if (Object.keys(values).length === 0 && typeof timer !== 'number' && typeof previews !== 'boolean')
        throw invalid('body', 'names no setting to change');
      await run<typeof privacySet>('privacy-set', {
        values,
        ...(typeof timer === 'number' && { timer }),
        ...(typeof previews === 'boolean' && { disableLinkPreviews: previews }),
      });
      const results = shown(await run<typeof privacyGet>('privacy-get', {}));
      return { message: 'Success change privacy', results };
    },
  );

  add(
    {
      id: 'userBlocklist',
      method: 'get',
      path: '/user/blocklist',
      tag: 'user',
      scope: 'read',
      summary: 'Whom the account has blocked',
      device: 'selected',
      results: z.array(z.object({ jid: z.string(), lid: z.string().optional() })),
      failures: whatsappFailures,
    },
    async ({ run }) => {
      const results = [...(await run<typeof blockList>('block-list', {}))];
      return { message: 'Success get blocklist', results };
    },
  );

  for (const blocked of [true, false]) {
    const word = blocked ? 'block' : 'unblock';
    add(
      {
        id: blocked ? 'userBlock' : 'userUnblock',
        method: 'post',
        path: `/user/${word}`,
        tag: 'user',
        scope: 'write',
        summary: blocked ? 'Block a person' : 'Let a blocked person write again',
        device: 'selected',
        body: z.object({ phone: phoneField }),
        forms: {},
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        await run<typeof blockSet>('block-set', { jid: mentionJid(body.phone, 'phone'), blocked });
        return { message: `Success ${word} user` };
      },
    );
  }
}

function shown({
  values,
  timer,
}: {
  readonly values: Readonly<Record<string, string>>;
  readonly timer: number;
}): z.input<typeof privacy> {
  const named = Object.fromEntries(names.map(name => [name, values[categories[name][0]] ?? '']));
  return { ...(named as Record<Category, string>), default_timer_seconds: timer };
}
