// Webhooks: where events go, beside those of the settings and the devices' own.
import { z } from '@hono/zod-openapi';
import { type ErrorCode, Failure } from '../../errors.ts';
import type { ApiDeps } from '../deps.ts';
import { count, integer } from '../query.ts';
import type { AddRoute } from '../route.ts';
import { findDevice } from '../selection.ts';
import {
  changedWebhook,
  changeOf,
  newWebhook,
  ownSecret,
  secretField,
  settingsOf,
  shownWebhook,
  toWebhook,
} from '../webhook-fields.ts';

const params = z.object({
  webhook_id: z.string().regex(/^whk_[0-9a-f]{32}$/, 'expected the id of a webhook'),
});
const made = shownWebhook.extend({
  secret: z.string().optional().openapi({
    description:
      'The secret that was made, told this once: a repeated request is answered without it. Not told where it was given.',
  }),
});
const common = ['WEBHOOK_NOT_FOUND', 'STORE_FULL'] as const satisfies readonly ErrorCode[];

const forAll = () =>
  new Failure('FORBIDDEN', 'A key that is for some devices names the one that the webhook is of.');

export function webhookRoutes(add: AddRoute, { webhooks }: ApiDeps): void {
  add(
    {
      id: 'listWebhooks',
      method: 'get',
      path: '/webhooks',
      tag: 'webhook',
      scope: 'devices',
      summary: 'All webhooks: those of the settings, the own ones of devices, and those that were made here',
      query: z.object({ after: integer(0, Number.MAX_SAFE_INTEGER), limit: count(100, 500) }),
      results: z.object({
        webhooks: z.array(shownWebhook),
        next: z.number().int().nullable().openapi({ description: 'The `after` of the next page.' }),
      }),
    },
    async ({ query: { after = 0, limit }, seen }) => {
      const page = await webhooks.page(seen, after, limit);
      const next = page.length < limit ? null : (page.at(-1)?.no ?? null);
      return { message: 'List webhooks', results: { webhooks: page.map(toWebhook), next } };
    },
  );

  add(
    {
      id: 'createWebhook',
      method: 'post',
      path: '/webhooks',
      tag: 'webhook',
      scope: 'devices',
      summary: 'Make a webhook; it gets what happens from now on',
      body: newWebhook,
      secrets: ['secret'],
      results: made,
      failures: [
        'WEBHOOK_ADDRESS_REFUSED',
        'TOO_MANY_WEBHOOKS',
        'DEVICE_NOT_FOUND',
        'INVALID_DEVICE_ID',
        'INVALID_JID',
        'STORE_FULL',
      ],
    },
    async ({ body, devices, seen, changed }) => {
      const device = body.device_id ? findDevice(devices, body.device_id) : undefined;
      if (!device && seen) throw forAll();
      const { view, secret } = await webhooks.create(
        device?.no ?? null,
        settingsOf(body),
        ownSecret(body.secret),
      );
      changed(`webhook:${view.id}`, { before: undefined, after: toWebhook(view) });
      const results = { ...toWebhook(view), ...(secret !== undefined && { secret }) };
      return { message: 'Webhook made; keep its secret, it is not shown again', results };
    },
  );

  add(
    {
      id: 'getWebhook',
      method: 'get',
      path: '/webhooks/{webhook_id}',
      tag: 'webhook',
      scope: 'devices',
      summary: 'One webhook, and how it does',
      params,
      results: shownWebhook,
      failures: ['WEBHOOK_NOT_FOUND'],
    },
    async ({ params, seen }) => ({
      message: 'Webhook',
      results: toWebhook(await webhooks.get(params.webhook_id, seen)),
    }),
  );

  add(
    {
      id: 'updateWebhook',
      method: 'patch',
      path: '/webhooks/{webhook_id}',
      tag: 'webhook',
      scope: 'devices',
      summary: 'Change a webhook; what is absent stays, and null is what is usual',
      params,
      body: changedWebhook,
      results: shownWebhook,
      failures: [...common, 'WEBHOOK_ADDRESS_REFUSED', 'WEBHOOK_FIXED', 'WEBHOOK_UNREADABLE', 'INVALID_JID'],
    },
    async ({ params, body, seen, changed }) => {
      const before = await webhooks.get(params.webhook_id, seen);
      const after = await webhooks.change(params.webhook_id, seen, changeOf(body));
      changed(`webhook:${after.id}`, { before: toWebhook(before), after: toWebhook(after) });
      return { message: 'Webhook updated', results: toWebhook(after) };
    },
  );

  add(
    {
      id: 'deleteWebhook',
      method: 'delete',
      path: '/webhooks/{webhook_id}',
      tag: 'webhook',
      scope: 'devices',
      summary: 'Remove a webhook, with what it had not been told',
      params,
      failures: [...common, 'WEBHOOK_FIXED'],
    },
    async ({ params, seen, changed }) => {
      const before = await webhooks.get(params.webhook_id, seen);
      await webhooks.remove(params.webhook_id, seen);
      changed(`webhook:${params.webhook_id}`, { before: toWebhook(before), after: undefined });
      return { message: 'Webhook removed' };
    },
  );

  add(
    {
      id: 'rotateWebhookSecret',
      method: 'post',
      path: '/webhooks/{webhook_id}/secret',
      tag: 'webhook',
      scope: 'devices',
      summary: 'Give a webhook another secret; the one before it signs along for a while',
      params,
      body: z.object({
        secret: secretField,
        overlap_seconds: z.number().int().min(0).max(604_800).nullish().openapi({
          description:
            'How long the old one signs along; 0: it ends now. A day unless given, 7 days at most.',
        }),
      }),
      secrets: ['secret'],
      results: made,
      failures: [...common, 'WEBHOOK_FIXED'],
    },
    async ({ params, body, seen, changed }) => {
      const how = { own: ownSecret(body.secret), overlapSeconds: body.overlap_seconds ?? 86_400 };
      const { view, secret } = await webhooks.rotate(params.webhook_id, seen, how);
      changed(`webhook:${view.id}`, { before: undefined, after: toWebhook(view) });
      const results = { ...toWebhook(view), ...(secret !== undefined && { secret }) };
      return { message: 'Webhook secret rotated; keep it, it is not shown again', results };
    },
  );

  add(
    {
      id: 'testWebhook',
      method: 'post',
      path: '/webhooks/{webhook_id}/test',
      tag: 'webhook',
      scope: 'devices',
      summary: 'Send a sample of an event to a webhook, and see what it answers',
      params,
      body: z.object({
        event: z.string().min(1).max(100).nullish().openapi({ description: '`message` unless given.' }),
      }),
      results: z.object({
        delivered: z.boolean(),
        event_id: z.string(),
        status: z.number().int().nullable(),
        error: z.string().nullable().openapi({
          description: '`connect_failed`, `timeout`, `tls_failed`, `blocked`, `HTTP <status>`, or null.',
        }),
        ms: z.number().int(),
        answer: z.string().nullable().openapi({
          description: 'The first KiB of the answer, of a public host.',
        }),
      }),
      failures: [...common, 'WEBHOOK_UNREADABLE', 'SHUTTING_DOWN'],
    },
    async ({ params, body, seen, changed }) => {
      const tried = await webhooks.test(params.webhook_id, seen, body.event || 'message');
      changed(`webhook:${params.webhook_id}`);
      const { eventId: event_id, status, error, ms, head: answer } = tried;
      const results = { delivered: error === null, event_id, status, error, ms, answer };
      return { message: error === null ? 'The webhook took it' : 'The webhook did not take it', results };
    },
  );

  add(
    {
      id: 'pauseWebhook',
      method: 'post',
      path: '/webhooks/{webhook_id}/pause',
      tag: 'webhook',
      scope: 'devices',
      summary: 'Send nothing more to a webhook; what happens waits for it',
      params,
      results: shownWebhook,
      failures: common,
    },
    async ({ params, seen, changed }) => {
      const before = await webhooks.get(params.webhook_id, seen);
      const after = await webhooks.pause(params.webhook_id, seen);
      changed(`webhook:${after.id}`, { before: toWebhook(before), after: toWebhook(after) });
      return { message: 'Webhook paused', results: toWebhook(after) };
    },
  );

  add(
    {
      id: 'resumeWebhook',
      method: 'post',
      path: '/webhooks/{webhook_id}/resume',
      tag: 'webhook',
      scope: 'devices',
      summary: 'Send to a webhook again that was paused, or was switched off by its failures',
      params,
      body: z.object({
        from: z.enum(['backlog', 'now']).nullish().openapi({
          description: '`backlog`: with what has waited, as is usual; `now`: without it.',
        }),
      }),
      results: shownWebhook,
      failures: common,
    },
    async ({ params, body, seen, changed }) => {
      const before = await webhooks.get(params.webhook_id, seen);
      const after = await webhooks.resume(params.webhook_id, seen, body.from ?? 'backlog');
      changed(`webhook:${after.id}`, { before: toWebhook(before), after: toWebhook(after) });
      return { message: 'Webhook resumed', results: toWebhook(after) };
    },
  );
}
