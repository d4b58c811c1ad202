// What became of events at a webhook: how POSTs went, what waits, what was given up, and telling it again.
import { z } from '@hono/zod-openapi';
import type { AttemptView } from '../../delivery/deliveries.ts';
import type { ApiDeps } from '../deps.ts';
import { count, flag, integer } from '../query.ts';
import type { AddRoute } from '../route.ts';
import { findDevice } from '../selection.ts';
import { invalid } from '../validate.ts';

const params = z.object({
  webhook_id: z.string().regex(/^whk_[0-9a-f]{32}$/, 'expected the id of a webhook'),
});
const whole = z.number().int();
/** Of the years that are written in four digits. */
const time = z.iso
  .datetime({ offset: true })
  .refine(inReach, { error: 'expected a time of the years 1000 to 9999' });

function inReach(text: string): boolean {
  const at = Date.parse(text);
  return at >= Date.UTC(1000) && at < Date.UTC(10_000);
}

const LAST = Number.MAX_SAFE_INTEGER;
const before = integer(0, LAST).openapi({
  description: 'Those with a lower number: the `next` of the last page.',
});
const next = whole.nullable().openapi({ description: 'The `before` of the next page.' });

const attemptShown = z
  .object({
    no: whole,
    at: time,
    device_id: z.string().nullable(),
    seq: whole.nullable().openapi({ description: 'Of a batch that of its first event.' }),
    webhook_id_header: z.string().openapi({ description: 'Its `webhook-id`.' }),
    replay: z.boolean(),
    status: whole.nullable().openapi({ description: 'Of the answer; null: there was none.' }),
    error: z.string().nullable().openapi({
      description:
        '`connect_failed`, `timeout`, `tls_failed`, `blocked`, `HTTP <status>`, or null: it arrived.',
    }),
    ms: whole,
    answer: z.string().nullable().openapi({ description: 'The first KiB of the answer, of a public host.' }),
  })
  .openapi('WebhookAttempt');

const parkedShown = z
  .object({
    device_id: z.string(),
    seq: whole,
    event_id: z.string().nullable(),
    event: z.string().nullable(),
    tries: whole,
    next_try_at: time,
    last_error: z.string(),
    parked_at: time,
    replay: z.boolean(),
  })
  .openapi('ParkedEvent');

const letterShown = z
  .object({
    no: whole,
    at: time,
    device_id: z.string(),
    from_seq: whole,
    to_seq: whole,
    event_id: z.string().nullable().openapi({ description: 'Of a single event that is still kept.' }),
    event: z.string().nullable(),
    reason: z.string().openapi({ description: '`HTTP <status>` of the last try, or `expired`.' }),
    replayable: z.boolean().openapi({ description: 'Whether it is still kept.' }),
  })
  .openapi('DeadLetter');

const replayShown = z
  .object({
    device_id: z.string(),
    from_seq: whole,
    to_seq: whole,
    seq: whole.openapi({ description: 'Up to there it is done; `to_seq`: all of it.' }),
    types: z.array(z.string()),
    began_at: time,
    last_error: z.string().nullable(),
  })
  .openapi('WebhookReplay');

const span = z.object({
  from: whole.min(0).nullish().openapi({ description: 'The number of the first letter.' }),
  to: whole.min(0).nullish().openapi({ description: 'The number of the last one.' }),
  no: whole.min(0).nullish().openapi({ description: 'The number of the only one.' }),
});

const wish = z.object({
  device_id: z
    .string()
    .max(128)
    .nullish()
    .openapi({ description: 'All devices of the webhook unless given.' }),
  from_seq: whole.min(1).nullish().openapi({ description: 'The first event, by its `seq`.' }),
  since: time
    .nullish()
    .openapi({ description: 'The first event, by when it happened. In the place of `from_seq`.' }),
  to: z
    .union([whole.min(1), time])
    .nullish()
    .openapi({ description: 'The last one, by `seq` or time; what was told last unless given.' }),
  types: z
    .array(z.string().min(1).max(100))
    .max(100)
    .nullish()
    .openapi({ description: 'Only these events.' }),
});

export function webhookDeliveryRoutes(add: AddRoute, { webhooks, deliveries }: ApiDeps): void {
  const tag = 'webhook';
  const failures = ['WEBHOOK_NOT_FOUND'] as const;

  add(
    {
      ...{ id: 'listWebhookAttempts', method: 'get', path: '/webhooks/{webhook_id}/attempts', tag },
      scope: 'devices',
      summary: 'How POSTs to a webhook went, the newest first: every failure, and some successes',
      params,
      query: z.object({ before, limit: count(50, 200), failed: flag }),
      results: z.object({ attempts: z.array(attemptShown), next }),
      failures: [...failures],
    },
    async ({ params, query: { before, limit, failed = false }, seen }) => {
      const which = await webhooks.get(params.webhook_id, seen);
      const page = await deliveries.attempts(which, { before, limit, failed });
      return { message: 'Attempts', results: { attempts: page.map(toAttempt), next: nextOf(page, limit) } };
    },
  );

  add(
    {
      ...{ id: 'listParkedEvents', method: 'get', path: '/webhooks/{webhook_id}/parked', tag },
      scope: 'devices',
      summary:
        'Events that the receiver refused and that are tried again, those whose time comes first at the front',
      params,
      query: z.object({ limit: count(50, 200), offset: integer(0, 1_000_000) }),
      results: z.object({ parked: z.array(parkedShown) }),
      failures: [...failures],
    },
    async ({ params, query: { limit, offset = 0 }, seen }) => {
      const which = await webhooks.get(params.webhook_id, seen);
      const parked = (await deliveries.parked(which, { limit, offset })).map(row => ({
        ...{ device_id: row.deviceId, seq: row.seq, event_id: row.id, event: row.event, tries: row.attempt },
        ...{ next_try_at: row.notBefore.toISOString(), last_error: row.lastError, replay: row.replay },
        parked_at: row.parkedAt.toISOString(),
      }));
      return { message: 'Parked events', results: { parked } };
    },
  );

  add(
    {
      ...{ id: 'listDeadLetters', method: 'get', path: '/webhooks/{webhook_id}/dead-letters', tag },
      scope: 'devices',
      summary: 'What was given up, the newest first',
      params,
      query: z.object({ before, limit: count(50, 200) }),
      results: z.object({ dead_letters: z.array(letterShown), next }),
      failures: [...failures],
    },
    async ({ params, query: { before, limit }, seen }) => {
      const which = await webhooks.get(params.webhook_id, seen);
      const page = await deliveries.deadLetters(which, { before, limit });
      const letters = page.map(row => ({
        ...{ no: row.no, at: row.at.toISOString(), device_id: row.deviceId, from_seq: row.fromSeq },
        ...{
          to_seq: row.toSeq,
          event_id: row.id,
          event: row.event,
          reason: row.reason,
          replayable: row.kept,
        },
      }));
      return { message: 'Dead letters', results: { dead_letters: letters, next: nextOf(page, limit) } };
    },
  );

  add(
    {
      ...{ id: 'replayDeadLetters', method: 'post', path: '/webhooks/{webhook_id}/dead-letters/replay', tag },
      scope: 'devices',
      summary: 'Try dead letters again: one, a range or all of them, a thousand at once',
      params,
      body: span,
      results: z.object({
        letters: whole,
        events: whole,
        expired: whole.openapi({ description: 'Letters of which nothing is kept; they stay.' }),
      }),
      failures: [...failures, 'DEAD_LETTER_NOT_FOUND', 'DEAD_LETTER_EXPIRED'],
    },
    async ({ params, body, seen, changed }) => {
      const which = await webhooks.get(params.webhook_id, seen);
      const results = await deliveries.revive(which, spanOf(body));
      changed(`webhook:${params.webhook_id}`, { before: undefined, after: results });
      return { message: 'Dead letters are tried again', results };
    },
  );

  add(
    {
      ...{ id: 'dropDeadLetters', method: 'delete', path: '/webhooks/{webhook_id}/dead-letters', tag },
      scope: 'devices',
      summary: 'Forget all dead letters of a webhook',
      params,
      results: z.object({ dropped: whole }),
      failures: [...failures],
    },
    async ({ params, seen, changed }) => {
      const which = await webhooks.get(params.webhook_id, seen);
      const dropped = await deliveries.drop(which, { from: undefined, to: undefined });
      changed(`webhook:${params.webhook_id}`, { before: { dead_letters: dropped }, after: undefined });
      return { message: 'Dead letters dropped', results: { dropped } };
    },
  );

  add(
    {
      ...{ id: 'dropDeadLetter', method: 'delete', path: '/webhooks/{webhook_id}/dead-letters/{no}', tag },
      scope: 'devices',
      summary: 'Forget one dead letter',
      params: params.extend({ no: z.coerce.number().int().min(0).max(LAST) }),
      failures: [...failures, 'DEAD_LETTER_NOT_FOUND'],
    },
    async ({ params: { webhook_id: id, no }, seen, changed }) => {
      const which = await webhooks.get(id, seen);
      await deliveries.dropOne(which, no);
      changed(`webhook:${id}`, { before: { dead_letter: no }, after: undefined });
      return { message: 'Dead letter dropped' };
    },
  );

  add(
    {
      ...{ id: 'replayWebhook', method: 'post', path: '/webhooks/{webhook_id}/replay', tag },
      scope: 'devices',
      summary: 'Tell a webhook again what it was told, beside what comes',
      params,
      body: wish,
      results: z.object({
        replays: z.array(replayShown.pick({ device_id: true, from_seq: true, to_seq: true })),
      }),
      failures: [...failures, 'REPLAY_RUNNING', 'DEVICE_NOT_FOUND', 'INVALID_DEVICE_ID', 'INVALID_JID'],
    },
    async ({ params, body, devices, seen, changed }) => {
      const { from_seq: fromSeq, since, to, device_id: name } = body;
      if (fromSeq && since) throw invalid('since', 'expected from_seq or since, not both');
      const which = await webhooks.get(params.webhook_id, seen);
      const device = name ? findDevice(devices, name) : undefined;
      if (!device && fromSeq) throw invalid('device_id', 'a seq is of one device: expected which');
      const begun = await deliveries.replay(which, device?.no, {
        fromSeq: fromSeq ?? undefined,
        since: since ? new Date(since) : undefined,
        toSeq: typeof to === 'number' ? to : undefined,
        until: typeof to === 'string' ? new Date(to) : undefined,
        types: (body.types ?? []).map(type => type.trim().toLowerCase()),
      });
      const replays = begun.map(each => ({
        ...{ device_id: each.deviceId, from_seq: each.fromSeq, to_seq: each.toSeq },
      }));
      changed(`webhook:${params.webhook_id}`, { before: undefined, after: replays });
      const message = replays.length > 0 ? 'Replay begun' : 'There is nothing to be told again';
      return { message, results: { replays } };
    },
  );

  add(
    {
      ...{ id: 'listReplays', method: 'get', path: '/webhooks/{webhook_id}/replay', tag },
      scope: 'devices',
      summary: 'Replays under way, and how far they are; one that is done is not in it any more',
      params,
      results: z.object({ replays: z.array(replayShown) }),
      failures: [...failures],
    },
    async ({ params, seen }) => {
      const rows = await deliveries.replays(await webhooks.get(params.webhook_id, seen));
      const replays = rows.map(row => ({
        ...{ device_id: row.deviceId, from_seq: row.fromSeq, to_seq: row.toSeq, seq: row.seq },
        ...{ types: [...row.types], began_at: row.beganAt.toISOString(), last_error: row.lastError },
      }));
      return { message: 'Replays', results: { replays } };
    },
  );

  add(
    {
      ...{ id: 'cancelReplays', method: 'delete', path: '/webhooks/{webhook_id}/replay', tag },
      scope: 'devices',
      summary: 'End replays, of one device or all',
      params,
      query: z.object({ device_id: z.string().max(128).optional() }),
      results: z.object({ cancelled: whole }),
      failures: [...failures, 'DEVICE_NOT_FOUND', 'INVALID_DEVICE_ID', 'INVALID_JID'],
    },
    async ({ params, query, devices, seen, changed }) => {
      const which = await webhooks.get(params.webhook_id, seen);
      const device = query.device_id ? findDevice(devices, query.device_id) : undefined;
      const cancelled = await deliveries.cancel(which, device?.no);
      changed(`webhook:${params.webhook_id}`, { before: { replays: cancelled }, after: undefined });
      return { message: 'Replays ended', results: { cancelled } };
    },
  );
}

function spanOf({ from, to, no }: z.output<typeof span>) {
  if (no != null && (from != null || to != null))
    throw invalid('no', 'expected one letter, or a range from and to');
  return { from: no ?? from ?? undefined, to: no ?? to ?? undefined };
}

const nextOf = (page: readonly { readonly no: number }[], limit: number) =>
  page.length < limit ? null : (page.at(-1)?.no ?? null);

function toAttempt({ no, at, deviceId, seq, eventId, replay, status, error, ms, answer }: AttemptView) {
  return {
    ...{ no, at: at.toISOString(), device_id: deviceId, seq, webhook_id_header: eventId },
    ...{ replay, status, error, ms, answer },
  };
}
