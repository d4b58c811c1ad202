// A webhook as callers write it and see it.
import { z } from '@hono/zod-openapi';
import type { WebhookChange, WebhookSettings, WebhookView } from '../delivery/webhooks.ts';
import { nameText } from './fields.ts';
import { recipientJid } from './recipient.ts';
import { invalid } from './validate.ts';

/** Stands for a value that is set; sent back it means: leave it as it is. */
const MASK = '***';

const MOST_HEADERS = 20;
const HEADER_BYTES = 4096;
const HEADERS_BYTES = 8192;
const URL_BYTES = 4096;

/** What the connection says of itself, what we say of the event, and what proxies say of the way. */
const OUR_HEADERS =
  /^(host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|via|forwarded|date|user-agent|accept-encoding|content-.*|proxy-.*|webhook-.*|x-forwarded-.*|x-hub-.*|x-real-ip|sec-.*)$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]{1,100}$/;
const VALUE = /^[\x20-\x7e]*$/;

const batch = z.object({
  events: z.number().int().min(1).max(100).default(1),
  wait_ms: z.number().int().min(0).max(10_000).default(1000),
});

const settings = {
  name: nameText(100).nullish().openapi({ description: 'For people.', example: 'crm' }),
  events: z
    .array(z.string().min(1).max(100))
    .max(100)
    .nullish()
    .openapi({
      description: 'Names of events; absent, null or empty: all.',
      example: ['message', 'message.ack'],
    }),
  chats: z.array(z.string().min(1).max(128)).max(1000).nullish().openapi({
    description:
      'Numbers or JIDs of chats; absent, null or empty: all. What is about no chat comes in any case.',
  }),
  direction: z
    .enum(['any', 'incoming', 'outgoing'])
    .nullish()
    .openapi({ description: 'Of messages, by who wrote them.' }),
  own_messages: z
    .boolean()
    .nullish()
    .openapi({ description: 'Whether what the account itself wrote comes too; true unless given.' }),
  payload: z
    .enum(['fat', 'thin'])
    .nullish()
    .openapi({ description: '`thin`: the ids and where the rest is, instead of what was said.' }),
  headers: z
    .record(z.string(), z.string())
    .nullish()
    .openapi({ description: 'Headers of its own, 20 at most.', example: { authorization: 'Bearer …' } }),
  batch: batch.nullish().openapi({
    description: 'Several events of a device in one request: so many at most, waited for so long at most.',
  }),
  strict: z
    .boolean()
    .nullish()
    .openapi({ description: 'An event that is refused holds back those after it, and is never put aside.' }),
  max_in_flight: z.number().int().min(1).max(64).nullish().openapi({ description: 'Requests at a time; 8.' }),
  timeout_ms: z.number().int().min(1000).max(30_000).nullish().openapi({
    description: 'For a request and its answer; 15000.',
  }),
};

export const secretField = z.string().min(8).max(512).nullish().openapi({
  description:
    'One of your own; absent: one is made and told once. `whsec_` and base64 of 24 to 64 bytes is read as Standard Webhooks does.',
});

export const webhookUrl = z.string().min(1).max(URL_BYTES).openapi({ example: 'https://example.com/hook' });

export const newWebhook = z.object({
  url: webhookUrl,
  device_id: z
    .string()
    .nullish()
    .openapi({ description: 'The device whose events it gets; absent or null: all devices.' }),
  secret: secretField,
  ...settings,
});
export const changedWebhook = z.object({ url: webhookUrl.nullish(), ...settings });

const time = z.iso.datetime({ offset: true });

export const shownWebhook = z
  .object({
    webhook_id: z.string().openapi({ example: 'whk_0f8c2d6e4b1a4c7e9d3f5a6b7c8d9e0f' }),
    source: z.enum(['settings', 'device', 'api']).openapi({
      description: 'Where it is from: `WEBHOOK_URL`, `PATCH /devices/{device_id}/webhook`, or here.',
    }),
    name: z.string(),
    url: z.string(),
    device_id: z.string().nullable(),
    events: z.array(z.string()),
    chats: z.array(z.string()),
    direction: z.enum(['any', 'incoming', 'outgoing']),
    own_messages: z.boolean(),
    payload: z.enum(['fat', 'thin']),
    headers: z.record(z.string(), z.string()).openapi({ description: 'Each value is ***.' }),
    batch: z.object({ events: z.number().int(), wait_ms: z.number().int() }),
    strict: z.boolean(),
    max_in_flight: z.number().int(),
    timeout_ms: z.number().int(),
    insecure_skip_verify: z.boolean(),
    secrets: z.number().int().openapi({
      description:
        'How many sign: its own, and those before that go on for a while. 0: the one of the installation.',
    }),
    state: z.enum(['active', 'paused', 'disabled', 'gone']),
    reason: z.string().nullable(),
    state_since: time,
    fails: z.number().int().openapi({ description: 'Failures since the last success.' }),
    failing_since: time.nullable(),
    last_success_at: time.nullable(),
    breaker: z.enum(['closed', 'open']).openapi({ description: '`open`: nothing is tried for now.' }),
    retry_at: time.nullable(),
    behind: z
      .number()
      .int()
      .openapi({ description: 'Events that wait, those that it may not want among them.' }),
    created_at: time,
  })
  .openapi('Webhook');

/** Everything that a webhook wants, with what is usual where nothing is said. Fails with VALIDATION_ERROR or INVALID_JID. */
export function settingsOf(body: z.output<typeof newWebhook>): WebhookSettings {
  return {
    name: body.name ?? '',
    url: body.url,
    events: body.events ?? [],
    chats: chatsOf(body.chats ?? []),
    direction: body.direction ?? 'any',
    own: body.own_messages ?? true,
    payload: body.payload ?? 'fat',
    headers: headersOf(body.headers ?? {}) as Record<string, string>,
    batchEvents: body.batch?.events ?? 1,
    batchMs: body.batch?.wait_ms ?? 1000,
    strict: body.strict ?? false,
    maxInFlight: body.max_in_flight ?? 8,
    timeoutMs: body.timeout_ms ?? 15_000,
  };
}

/** What is said is changed; null puts back what is usual. Fails as `settingsOf` does. */
export function changeOf(body: z.output<typeof changedWebhook>): WebhookChange {
  const url = body.url ?? undefined;
  const whole = settingsOf({ ...body, url: url ?? '', headers: null });
  const said = (field: keyof typeof body) => body[field] !== undefined;
  return {
    ...(said('name') && { name: whole.name }),
    ...(url !== undefined && { url }),
    ...(said('events') && { events: whole.events }),
    ...(said('chats') && { chats: whole.chats }),
    ...(said('direction') && { direction: whole.direction }),
    ...(said('own_messages') && { own: whole.own }),
    ...(said('payload') && { payload: whole.payload }),
    ...(said('headers') && { headers: headersOf(body.headers ?? {}, MASK) }),
    ...(said('batch') && { batchEvents: whole.batchEvents, batchMs: whole.batchMs }),
    ...(said('strict') && { strict: whole.strict }),
    ...(said('max_in_flight') && { maxInFlight: whole.maxInFlight }),
    ...(said('timeout_ms') && { timeoutMs: whole.timeoutMs }),
  };
}

/** A secret of the caller's own. Fails with VALIDATION_ERROR for one that says that it is base64 and is not. */
export function ownSecret(written: string | null | undefined): string | undefined {
  if (written === undefined || written === null) return undefined;
  if (!written.startsWith('whsec_')) return written;
  const encoded = written.slice('whsec_'.length);
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') === encoded && bytes.length >= 24 && bytes.length <= 64) return written;
  throw invalid('secret', 'after whsec_ expected base64 of 24 to 64 bytes');
}

export function toWebhook(view: WebhookView): z.input<typeof shownWebhook> {
  return {
    webhook_id: view.id,
    source: view.source,
    name: view.name,
    url: withoutPassword(view.url),
    device_id: view.deviceId,
    events: [...view.events],
    chats: [...view.chats],
    direction: view.direction,
    own_messages: view.own,
    payload: view.payload,
    headers: Object.fromEntries(view.headerNames.map(name => [name, MASK])),
    batch: { events: view.batchEvents, wait_ms: view.batchMs },
    strict: view.strict,
    max_in_flight: view.maxInFlight,
    timeout_ms: view.timeoutMs,
    insecure_skip_verify: view.skipTlsVerify,
    secrets: view.secretCount,
    state: view.state,
    reason: view.reason,
    state_since: view.stateAt.toISOString(),
    fails: view.fails,
    failing_since: view.firstFailAt?.toISOString() ?? null,
    last_success_at: view.lastOkAt?.toISOString() ?? null,
    breaker: view.restsUntil ? 'open' : 'closed',
    retry_at: view.restsUntil?.toISOString() ?? null,
    behind: view.behind,
    created_at: view.createdAt.toISOString(),
  };
}

function chatsOf(written: readonly string[]): string[] {
  return [...new Set(written.map((chat, n) => recipientJid(chat, `chats.${n}`)))];
}

/** By lower-case names. `mask` stands for the value that is there. */
function headersOf(
  written: Readonly<Record<string, string>>,
  mask?: string,
): Record<string, string | undefined> {
  const entries = Object.entries(written).map(([name, value]) => [name.toLowerCase(), value.trim()] as const);
  if (entries.length > MOST_HEADERS) throw invalid('headers', `must be at most ${MOST_HEADERS} entries`);
  let bytes = 0;
  const headers = new Map<string, string | undefined>();
  for (const [name, value] of entries) {
    const field = `headers.${name}`;
    if (!TOKEN.test(name)) throw invalid('headers', 'a name is 1 to 100 letters, digits and dashes');
    if (OUR_HEADERS.test(name)) throw invalid(field, 'is not for webhooks to set');
    if (headers.has(name)) throw invalid(field, 'is there twice');
    if (!VALUE.test(value)) throw invalid(field, 'expected printable ASCII on one line');
    if (value.length > HEADER_BYTES) throw invalid(field, `must be at most ${HEADER_BYTES} characters`);
    bytes += name.length + value.length;
    headers.set(name, value === mask ? undefined : value);
  }
  if (bytes > HEADERS_BYTES) throw invalid('headers', `must be at most ${HEADERS_BYTES} characters together`);
  return Object.fromEntries(headers);
}

/** The operator's own URLs may have one. */
function withoutPassword(written: string): string {
  if (!URL.canParse(written)) return written;
  const url = new URL(written);
  if (url.password === '') return written;
  url.password = MASK;
  return url.href;
}
