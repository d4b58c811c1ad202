import type { AppDeps } from './deps.ts';
import { counter, gauge, is, type Metric } from './exposition.ts';

export interface WithReaders {
  readonly readers: ReturnType<AppDeps['events']['figures']>;
}

/** Of readers that stay at this node. */
export const streamMetrics: readonly Metric<WithReaders>[] = [
  gauge('cardume_streams', 'Readers of events that are open, by the way they are told.', ({ readers }) =>
    Object.entries(readers.open).map(([way, count]) => [is('way', way), count]),
  ),
  counter('cardume_streams_cut_total', 'Readers of events that were cut off, by why.', ({ readers }) =>
    Object.entries(readers.cut).map(([reason, count]) => [is('reason', reason), count]),
  ),
];
