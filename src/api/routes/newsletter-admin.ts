// Channels that one runs: making and deleting them, what they say, who follows and who runs them.
import { z } from '@hono/zod-openapi';
import type { newsletterAdmin } from '../../device/commands/newsletter-admin.ts';
import type { newsletterAdminCount } from '../../device/commands/newsletter-admin-count.ts';
import type { newsletterCreate } from '../../device/commands/newsletter-create.ts';
import type { newsletterFollow } from '../../device/commands/newsletter-follow.ts';
import type { newsletterSubscribers } from '../../device/commands/newsletter-subscribers.ts';
import type { newsletterUpdate } from '../../device/commands/newsletter-update.ts';
import type { InputOf } from '../../shard/protocol.ts';
import { addressedFailures, whatsappFailures } from '../failures.ts';
import { nameText, phoneField, shortText } from '../fields.ts';
import { timeText } from '../go-time.ts';
import { channelField, LONGEST_DESCRIPTION, LONGEST_SUBJECT } from '../group-fields.ts';
import { channelLink } from '../invite-link.ts';
import { gowaNewsletter, toGowaNewsletter } from '../newsletter-shape.ts';
import { count } from '../query.ts';
import { mentionJid, newsletterJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';

const named = z.object({ newsletter_id: channelField });

type Change = Omit<InputOf<typeof newsletterUpdate>, 'jid'>;

export function newsletterAdminRoutes(add: AddRoute): void {
  add(
    {
      id: 'createNewsletter',
      method: 'post',
      path: '/newsletter',
      tag: 'newsletter',
      scope: 'write',
      summary: "Make a channel; accepts WhatsApp's terms for channels",
      device: 'selected',
      body: z.object({
        name: nameText(LONGEST_SUBJECT),
        description: shortText(LONGEST_DESCRIPTION).nullish(),
      }),
      forms: {},
      results: z.object({ newsletter_id: z.string(), invite_link: z.string(), newsletter: gowaNewsletter }),
      failures: whatsappFailures,
    },
    async ({ body, run }) => {
      const channel = await run<typeof newsletterCreate>('newsletter-create', {
        name: body.name,
        description: body.description?.trim() ?? '',
      });
      return {
        message: `Success created newsletter with id ${channel.jid}`,
        results: {
          newsletter_id: channel.jid,
          invite_link: channelLink(channel.invite),
          newsletter: toGowaNewsletter(channel),
        },
      };
    },
  );

  add(
    {
      id: 'deleteNewsletter',
      method: 'post',
      path: '/newsletter/delete',
      tag: 'newsletter',
      scope: 'write',
      summary: 'Delete a channel, for everybody',
      device: 'selected',
      body: named,
      forms: {},
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const jid = newsletterJid(body.newsletter_id);
      await run<typeof newsletterFollow>('newsletter-follow', { jid, action: 'delete' });
      return { message: 'Success delete newsletter' };
    },
  );

  const change = <F extends z.ZodRawShape>(
    id: string,
    path: string,
    summary: string,
    fields: F,
    changeOf: (body: z.output<z.ZodObject<F>>) => Change,
  ) =>
    add(
      {
        id,
        method: 'post',
        path: `/newsletter/${path}`,
        tag: 'newsletter',
        scope: 'write',
        summary,
        device: 'selected',
        body: z.object({ ...named.shape, ...fields }),
        forms: {},
        results: gowaNewsletter,
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        // The schema of the body is the fields' and the channel's.
        const given = body as z.output<z.ZodObject<F>> & { readonly newsletter_id: string };
        const channel = await run<typeof newsletterUpdate>('newsletter-update', {
          jid: newsletterJid(given.newsletter_id),
          ...changeOf(given),
        });
        return {
          message: `Success update newsletter ${path.replaceAll('-', ' ')}`,
          results: toGowaNewsletter(channel),
        };
      },
    );

  change('setNewsletterName', 'name', 'Name a channel', { name: nameText(LONGEST_SUBJECT) }, ({ name }) => ({
    name,
  }));

  change(
    'setNewsletterDescription',
    'description',
    'Describe a channel; an empty description removes it',
    { description: shortText(LONGEST_DESCRIPTION).nullish() },
    ({ description }) => ({ description: description?.trim() ?? '' }),
  );

  change(
    'setNewsletterReactions',
    'reactions',
    'Which reactions posts of a channel get: any, the usual ones, or none',
    { mode: z.enum(['all', 'basic', 'none']) },
    ({ mode }) => ({ reactions: ({ all: 'ALL', basic: 'BASIC', none: 'NONE' } as const)[mode] }),
  );

  add(
    {
      id: 'newsletterSubscribers',
      method: 'get',
      path: '/newsletter/subscribers',
      tag: 'newsletter',
      scope: 'read',
      summary: 'Who follows a channel; for its admins',
      device: 'selected',
      query: named.extend({ count: count(100, 1_000) }),
      results: z.array(
        z.object({
          jid: z.string(),
          lid: z.string().optional(),
          display_name: z.string(),
          role: z.string().openapi({ example: 'subscriber' }),
          followed_at: z.string(),
        }),
      ),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const people = await run<typeof newsletterSubscribers>('newsletter-subscribers', {
        jid: newsletterJid(query.newsletter_id),
        count: query.count,
      });
      return {
        message: 'Success get newsletter subscribers',
        results: people.map(({ jid, lid, name, role, since }) => ({
          jid,
          ...(lid && { lid }),
          display_name: name,
          role: role.toLowerCase(),
          followed_at: timeText(since),
        })),
      };
    },
  );

  add(
    {
      id: 'newsletterAdminCount',
      method: 'get',
      path: '/newsletter/admins/count',
      tag: 'newsletter',
      scope: 'read',
      summary: 'How many admins a channel has, its owner among them; for its admins',
      device: 'selected',
      query: named,
      results: z.object({ admin_count: z.number().int() }),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const jid = newsletterJid(query.newsletter_id);
      const { count } = await run<typeof newsletterAdminCount>('newsletter-admin-count', { jid });
      return { message: 'Success get newsletter admin count', results: { admin_count: count } };
    },
  );

  const roles = [
    ['demoteNewsletterAdmin', 'admins/demote', 'demote', 'Make an admin of a channel a follower'],
    ['changeNewsletterOwner', 'owner', 'own', 'Hand a channel over to one of its admins'],
  ] as const;
  for (const [id, path, action, summary] of roles)
    add(
      {
        id,
        method: 'post',
        path: `/newsletter/${path}`,
        tag: 'newsletter',
        scope: 'write',
        summary,
        device: 'selected',
        body: named.extend({ participant: phoneField }),
        forms: {},
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        const jid = newsletterJid(body.newsletter_id);
        const user = mentionJid(body.participant, 'participant');
        await run<typeof newsletterAdmin>('newsletter-admin', { jid, user, action });
        return {
          message: action === 'own' ? 'Success change newsletter owner' : 'Success demote newsletter admin',
        };
      },
    );
}
