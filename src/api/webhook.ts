// The webhook of one device as gowa's four fields, which /devices and /devices/{device_id}/webhook share.
import { z } from '@hono/zod-openapi';
import type { EndpointChange, EndpointView } from './deps.ts';
import { invalid } from './validate.ts';

/** Stands for a secret that is set; sent back it means: leave it as it is. */
const MASK = '***';

export const webhookFields = {
  webhook_url: z.string().max(2048).nullish().openapi({ example: 'https://example.com/hook' }),
  webhook_secret: z
    .string()
    .max(512)
    .nullish()
    .openapi({ description: "Signs this device's deliveries; empty: the installation's secret does." }),
  webhook_events: z.string().max(2048).nullish().openapi({
    description: 'Names of events, separated by commas; empty: all.',
    example: 'message,message.ack',
  }),
  webhook_insecure_skip_verify: z.boolean().nullish(),
};

type Fields = z.output<z.ZodObject<typeof webhookFields>>;

export const webhookResults = {
  webhook_url: z.string(),
  webhook_secret: z.string().openapi({ description: '*** when one is set.', example: MASK }),
  webhook_events: z.string(),
  webhook_insecure_skip_verify: z.boolean(),
};

/**
 * The change that the fields ask for, or undefined when they ask for no webhook. Fields that are absent stay as they
 * are. Fails with VALIDATION_ERROR for what is no http(s) URL or no event name.
 */
export function webhookChange(fields: Fields): EndpointChange | undefined {
  const { webhook_url: url, webhook_secret: secret, webhook_events: events } = fields;
  if (!url) {
    if (secret || events) throw invalid('webhook_url', 'is required with the other webhook fields');
    return undefined;
  }
  return {
    url: checkedUrl(url),
    ...(typeof secret === 'string' && secret !== MASK && { secret: secret || null }),
    ...(typeof events === 'string' && { events: eventNames(events) }),
    ...(typeof fields.webhook_insecure_skip_verify === 'boolean' && {
      skipTlsVerify: fields.webhook_insecure_skip_verify,
    }),
  };
}

/** The endpoint as gowa shows it; without one every field is empty. */
export function shownWebhook(
  endpoint: EndpointView | undefined,
): z.input<z.ZodObject<typeof webhookResults>> {
  return {
    webhook_url: endpoint?.url ?? '',
    webhook_secret: endpoint?.hasSecret ? MASK : '',
    webhook_events: endpoint?.events.join(',') ?? '',
    webhook_insecure_skip_verify: endpoint?.skipTlsVerify ?? false,
  };
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw invalid('webhook_url', 'expected an http or https URL without a user and password');
  return text.trim();
}

/** gowa compares names without regard to case, and its consumers list names that we may not have yet. */
function eventNames(list: string): string[] {
  const names = list.split(',').map(name => name.trim().toLowerCase());
  const named = names.filter(name => name !== '');
  if (named.some(name => !/^[a-z][a-z._-]{0,63}$/.test(name)))
    throw invalid('webhook_events', 'expected names of events such as message.ack, separated by commas');
  return [...new Set(named)];
}
