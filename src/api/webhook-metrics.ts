import type { AppDeps } from './deps.ts';
import { gauge, is, type Metric } from './exposition.ts';

/** Undefined while the database is away: a scrape, which is worth most then, goes without them. */
export interface WithFigures {
  readonly figures: Awaited<ReturnType<AppDeps['deliveries']['figures']>> | undefined;
}

/** Of all nodes that share the database: each tells the same. */
export const webhookMetrics: readonly Metric<WithFigures>[] = [
  gauge(
    'cardume_webhooks',
    'Webhooks, by state; resting: they take nothing and are left alone for now.',
    ({ figures }) =>
      figures && Object.entries(figures.states).map(([state, count]) => [is('state', state), count]),
  ),
  gauge(
    'cardume_webhook_events_behind',
    'Events that wait for webhooks, all together.',
    ({ figures }) => figures?.lag,
  ),
  gauge(
    'cardume_webhook_lag_events',
    'Events that wait for the webhook; the 50 that are most behind.',
    ({ figures }) => figures?.most.map(({ webhook, lag }) => [is('webhook', webhook), lag]),
  ),
  gauge(
    'cardume_webhook_parked_events',
    'Events that receivers refused and that are tried again.',
    ({ figures }) => figures?.parked,
  ),
  gauge(
    'cardume_webhook_dead_letters',
    'Events, and spans of them, that were given up.',
    ({ figures }) => figures?.dead,
  ),
  gauge('cardume_webhook_replays', 'Replays under way.', ({ figures }) => figures?.replays),
];
