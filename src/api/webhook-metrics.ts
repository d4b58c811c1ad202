import { Gauge, type Registry } from 'prom-client';
import type { AppDeps } from './deps.ts';

/** One question to the database serves all gauges of a scrape. */
const SCRAPE_MS = 500;

type Figures = Awaited<ReturnType<AppDeps['deliveries']['figures']>>;

/** Of all nodes that share the database: each tells the same. */
export function addWebhooks(registers: Registry[], deliveries: AppDeps['deliveries']): void {
  let asked: { readonly at: number; readonly figures: Promise<Figures | undefined> } | undefined;
  const figures = () => {
    const at = performance.now();
    // A scrape is worth most when the database is away: it goes without these then.
    if (!asked || at - asked.at > SCRAPE_MS)
      asked = { at, figures: deliveries.figures().catch(() => undefined) };
    return asked.figures;
  };
  const gauge = (
    name: string,
    help: string,
    label: string | undefined,
    values: (figures: Figures) => readonly (readonly [string, number])[],
  ) =>
    new Gauge<string>({
      ...{ name: `cardume_${name}`, help, registers, labelNames: label ? [label] : [] },
      async collect() {
        this.reset();
        const known = await figures();
        // What has no label is 0 after a reset, which nobody has said.
        if (!known) return label ? undefined : this.remove();
        for (const [value, count] of values(known))
          if (label) this.set({ [label]: value }, count);
          else this.set(count);
      },
    });
  gauge(
    'webhooks',
    'Webhooks, by state; resting: they take nothing and are left alone for now.',
    'state',
    f => Object.entries(f.states),
  );
  gauge('webhook_events_behind', 'Events that wait for webhooks, all together.', undefined, f => [
    ['', f.lag],
  ]);
  gauge(
    'webhook_lag_events',
    'Events that wait for the webhook; the 50 that are most behind.',
    'webhook',
    f => f.most.map(({ webhook, lag }) => [webhook, lag]),
  );
  gauge('webhook_parked_events', 'Events that receivers refused and that are tried again.', undefined, f => [
    ['', f.parked],
  ]);
  gauge('webhook_dead_letters', 'Events, and spans of them, that were given up.', undefined, f => [
    ['', f.dead],
  ]);
  gauge('webhook_replays', 'Replays under way.', undefined, f => [['', f.replays]]);
}
