// gowa's /newsletter, and what it lacks: channels that one follows. Those that one runs have a file of their own.
import { z } from '@hono/zod-openapi';
import type { channelReact } from '../../device/commands/channel-react.ts';
import type { newsletterFollow } from '../../device/commands/newsletter-follow.ts';
import type { newsletterInfo } from '../../device/commands/newsletter-info.ts';
import type { newsletterList } from '../../device/commands/newsletter-list.ts';
import type { newsletterLive } from '../../device/commands/newsletter-live.ts';
import type { newsletterMessages } from '../../device/commands/newsletter-messages.ts';
import type { InputOf } from '../../shard/protocol.ts';
import { addressedFailures, whatsappFailures } from '../failures.ts';
import { timeText } from '../go-time.ts';
import { channelField } from '../group-fields.ts';
import { channelCode, linkField } from '../invite-link.ts';
import { gowaNewsletter, toGowaNewsletter } from '../newsletter-shape.ts';
import { count, integer } from '../query.ts';
import { newsletterJid } from '../recipient.ts';
import type { AddRoute } from '../route.ts';
import { invalid } from '../validate.ts';
import { newsletterAdminRoutes } from './newsletter-admin.ts';

const named = z.object({ newsletter_id: channelField });
const channelOrLink = z.object({
  newsletter_id: z.string().nullish(),
  link: linkField.nullish().or(z.literal('')).openapi({ example: 'https://whatsapp.com/channel/CODE' }),
});

/** A channel is named by its JID or by its link. Fails with VALIDATION_ERROR when it is named by neither. */
function channelNamed({
  newsletter_id,
  link,
}: z.output<typeof channelOrLink>): InputOf<typeof newsletterInfo> {
  if (newsletter_id) return { jid: newsletterJid(newsletter_id) };
  if (link) return { invite: channelCode(link) };
  throw invalid('newsletter_id', 'is required, or a link');
}

const post = z.object({
  server_id: z.number().int(),
  message_id: z.string(),
  type: z.string(),
  timestamp: z.string(),
  views_count: z.number().int(),
  reaction_counts: z.record(z.string(), z.number().int()),
  text: z.string(),
});

export function newsletterRoutes(add: AddRoute): void {
  newsletterAdminRoutes(add);

  add(
    {
      id: 'userMyNewsletters',
      method: 'get',
      path: '/user/my/newsletters',
      tag: 'user',
      scope: 'read',
      summary: 'All channels that the account follows or runs',
      device: 'selected',
      results: z.object({ data: z.array(gowaNewsletter) }),
      failures: whatsappFailures,
    },
    async ({ run }) => {
      const channels = await run<typeof newsletterList>('newsletter-list', {});
      return { message: 'Success get list newsletter', results: { data: channels.map(toGowaNewsletter) } };
    },
  );

  add(
    {
      id: 'newsletterInfo',
      method: 'get',
      path: '/newsletter/info',
      tag: 'newsletter',
      scope: 'read',
      summary: 'A channel, by its JID or its link',
      device: 'selected',
      query: channelOrLink,
      results: gowaNewsletter,
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const channel = await run<typeof newsletterInfo>('newsletter-info', channelNamed(query));
      return { message: 'Success get newsletter info', results: toGowaNewsletter(channel) };
    },
  );

  add(
    {
      id: 'followNewsletter',
      method: 'post',
      path: '/newsletter/follow',
      tag: 'newsletter',
      scope: 'write',
      summary: 'Follow a channel, by its JID or its link',
      device: 'selected',
      body: channelOrLink,
      forms: {},
      results: z.object({ newsletter_id: z.string() }),
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const channel = channelNamed(body);
      const { jid } =
        'jid' in channel ? channel : await run<typeof newsletterInfo>('newsletter-info', channel);
      await run<typeof newsletterFollow>('newsletter-follow', { jid, action: 'follow' });
      return { message: 'Success follow newsletter', results: { newsletter_id: jid } };
    },
  );

  const stances = [
    ['unfollow', 'Follow a channel no more'],
    ['mute', 'Hear of no new posts of a channel'],
    ['unmute', 'Hear of new posts of a channel again'],
  ] as const;
  for (const [action, summary] of stances)
    add(
      {
        id: `${action}Newsletter`,
        method: 'post',
        path: `/newsletter/${action}`,
        tag: 'newsletter',
        scope: 'write',
        summary,
        device: 'selected',
        body: named,
        forms: {},
        failures: addressedFailures,
      },
      async ({ body, run }) => {
        const jid = newsletterJid(body.newsletter_id);
        await run<typeof newsletterFollow>('newsletter-follow', { jid, action });
        return { message: `Success ${action} newsletter` };
      },
    );

  add(
    {
      id: 'newsletterMessages',
      method: 'get',
      path: '/newsletter/messages',
      tag: 'newsletter',
      scope: 'read',
      summary: 'Posts of a channel, oldest first: the newest, or those before one',
      device: 'selected',
      query: named.extend({
        count: count(50, 100),
        before: integer(0, Number.MAX_SAFE_INTEGER).openapi({
          description: 'The server id of a post: those before it.',
        }),
      }),
      results: z.object({ data: z.array(post) }),
      failures: addressedFailures,
    },
    async ({ query, run }) => {
      const posts = await run<typeof newsletterMessages>('newsletter-messages', {
        jid: newsletterJid(query.newsletter_id),
        count: query.count,
        ...(query.before && { before: query.before }),
      });
      const data = posts.map(({ serverId, messageId, type, at, views, reactions, text }) => ({
        server_id: serverId,
        message_id: messageId,
        type,
        timestamp: timeText(at),
        views_count: views,
        reaction_counts: reactions,
        text,
      }));
      return { message: 'Success get newsletter messages', results: { data } };
    },
  );

  add(
    {
      id: 'reactToNewsletterMessage',
      method: 'post',
      path: '/newsletter/reaction',
      tag: 'newsletter',
      scope: 'send',
      summary: 'React to a post; an empty emoji takes the reaction back',
      device: 'selected',
      body: named.extend({
        server_id: z.number().int().min(1),
        emoji: z.string().max(32).nullish(),
      }),
      forms: { server_id: 'number' },
      failures: [...addressedFailures, 'MESSAGE_REFUSED'],
    },
    async ({ body, run, newMessageId }) => {
      const emoji = body.emoji ?? '';
      await run<typeof channelReact>('channel-react', {
        id: newMessageId(),
        channel: newsletterJid(body.newsletter_id),
        serverId: String(body.server_id),
        emoji,
      });
      return { message: emoji === '' ? 'Success remove reaction' : 'Success react to newsletter message' };
    },
  );

  add(
    {
      id: 'followNewsletterLive',
      method: 'post',
      path: '/newsletter/live-updates',
      tag: 'newsletter',
      scope: 'write',
      summary: 'Hear of reactions and views as they happen, for some minutes',
      device: 'selected',
      body: named,
      forms: {},
      results: z.object({ duration: z.number().int().openapi({ description: 'Seconds.' }) }),
      failures: addressedFailures,
    },
    async ({ body, run }) => {
      const jid = newsletterJid(body.newsletter_id);
      const { seconds } = await run<typeof newsletterLive>('newsletter-live', { jid });
      return { message: 'Success subscribe to live updates', results: { duration: seconds } };
    },
  );
}
