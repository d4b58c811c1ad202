import { Counter, Gauge, type Registry } from 'prom-client';
import type { AppDeps } from './deps.ts';

/** Of readers that stay at this node. */
export function addStreams(registers: Registry[], events: AppDeps['events']): void {
  new Gauge({
    name: 'cardume_streams',
    help: 'Readers of events that are open, by the way they are told.',
    labelNames: ['way'],
    registers,
    collect() {
      for (const [way, count] of Object.entries(events.figures().open)) this.set({ way }, count);
    },
  });
  new Counter({
    name: 'cardume_streams_cut_total',
    help: 'Readers of events that were cut off, by why.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(events.figures().cut)) this.inc({ reason }, count);
    },
  });
}
