// What /metrics says. Numbers only: no label carries a device, an account or a path that a caller wrote.
// `docs/metrics.md` lists the same names; a test compares the two.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { memoryShare } from '../lib/memory.ts';
import type { Count, Phase, Pulse } from '../shard/protocol.ts';
import type { AppDeps } from './deps.ts';
import { counter, exposition, gauge, headOf, is, type Metric, type Reading, Spread } from './exposition.ts';
import { RequestTimes, type Served } from './request-times.ts';
import { streamMetrics, type WithReaders } from './stream-metrics.ts';
import { type WithFigures, webhookMetrics } from './webhook-metrics.ts';

export interface Metrics {
  readonly contentType: string;
  /** All of them, in Prometheus' text format. */
  text(): Promise<string>;
  /** Counts an answered request. */
  served(request: Served): void;
}

type Sources = Pick<AppDeps, 'devices' | 'fleet' | 'version' | 'connections' | 'deliveries' | 'events'>;
type Views = ReturnType<AppDeps['devices']['list']>;
type Shard = ReturnType<AppDeps['fleet']['shards']>[number];

/** What is asked for once in a scrape, however many metrics are made of it. */
interface Gathered extends WithFigures, WithReaders {
  readonly devices: Census;
  readonly shards: readonly Shard[];
  readonly pools: Awaited<ReturnType<AppDeps['connections']>>;
}

interface Census {
  readonly phases: ReadonlyMap<Phase, number>;
  readonly complaints: ReadonlyMap<string, number>;
  readonly quarantined: number;
  readonly degraded: number;
}

const phases: readonly Phase[] = [
  'unlinked',
  'waiting',
  'connecting',
  'pairing',
  'open',
  'stopped',
  'crashed',
  'conflict',
];
/** As docs/health.md lists them. */
const complaints = [
  'no_pong',
  'messages_waiting',
  'sends_unacknowledged',
  'decrypt_failures',
  'events_waiting',
  'reconnects',
] as const;
const shardStates = ['starting', 'up', 'draining', 'down', 'quarantined'] as const;

/** Milliseconds between two looks at the main thread's event loop. */
const LAG_RESOLUTION = 20;
const PINGS = 'cardume_ping_seconds';
const PING_BUCKETS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30];
const pingHead = headOf(PINGS, 'Round trips of pings to WhatsApp, over all devices.', 'histogram');

/** Reads devices and shards when it is scraped; nothing global is touched. */
export function createMetrics(sources: Sources): Metrics {
  const { devices, fleet, version, connections, deliveries, events } = sources;
  const of = exposition<Gathered>([
    gauge('cardume_info', 'The version, as a label.', () => [[is('version', version), 1]]),
    ...deviceMetrics(fleet),
    ...shardMetrics,
    gauge('cardume_database_connections', 'Database connections in use, by pool.', ({ pools }) =>
      pools.map(({ pool, used }) => [is('pool', pool), used]),
    ),
    ...webhookMetrics,
    ...streamMetrics,
    ...processMetrics(),
  ]);
  const requests = new RequestTimes();
  const pings = new Spread(PINGS, '', PING_BUCKETS);
  return {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    async text() {
      // A scrape is worth most when the database is away: it goes without these then.
      const figures = deliveries.figures().catch(() => undefined);
      const pools = await connections();
      for (const ms of fleet.takePings()) pings.observe(ms / 1000);
      const gathered = {
        ...{ pools, figures: await figures, readers: events.figures() },
        ...{ devices: censusOf(devices.list()), shards: fleet.shards() },
      };
      return of(gathered) + pingHead + pings.text() + requests.text();
    },
    served: request => requests.observe(request),
  };
}

/** A degraded device counts once in all, and once for each of its reasons. */
function censusOf(devices: Views): Census {
  const inPhase = new Map(phases.map(phase => [phase, 0]));
  const complain = new Map<string, number>(complaints.map(code => [code, 0]));
  let [quarantined, degraded] = [0, 0];
  for (const device of devices) {
    if (!device.elsewhere) inPhase.set(device.phase, (inPhase.get(device.phase) ?? 0) + 1);
    if (device.quarantined) quarantined++;
    if (device.degraded === undefined) continue;
    degraded++;
    for (const { code } of device.degraded) complain.set(code, (complain.get(code) ?? 0) + 1);
  }
  return { phases: inPhase, complaints: complain, quarantined, degraded };
}

function deviceMetrics(fleet: AppDeps['fleet']): readonly Metric<Gathered>[] {
  const count = (name: string, help: string, what: Count) => counter(name, help, () => fleet.count(what));
  return [
    gauge('cardume_devices', 'Devices that this node runs, by state.', ({ devices }) =>
      each('state', devices.phases),
    ),
    gauge(
      'cardume_devices_elsewhere',
      'Devices of the database that this node does not run.',
      () => fleet.ownership().elsewhere,
    ),
    gauge('cardume_devices_degraded', 'Devices that are degraded.', ({ devices }) => devices.degraded),
    gauge(
      'cardume_devices_degraded_by_reason',
      'Devices that are degraded, by reason; one may have several.',
      ({ devices }) => each('reason', devices.complaints),
    ),
    count(
      'cardume_deaf_connections_total',
      'Connections that were open, heard nothing and were ended for it.',
      'deaf',
    ),
    count(
      'cardume_messages_undecryptable_total',
      'Messages that came and could not be decrypted.',
      'undecryptable',
    ),
    counter(
      'cardume_messages_recovered_total',
      'Of them those that could be after all: sent again by the sender, or by the own phone.',
      () => [
        [is('by', 'retry'), fleet.count('recovered_by_retry')],
        [is('by', 'phone'), fleet.count('recovered_by_phone')],
      ],
    ),
    count('cardume_messages_lost_total', 'Of them those for which nothing has helped.', 'lost'),
    gauge(
      'cardume_devices_quarantined',
      'Devices that run in the quarantine thread.',
      ({ devices }) => devices.quarantined,
    ),
    gauge('cardume_connects_waiting', 'Devices that wait for the connect gate.', () =>
      fleet.connectsWaiting(),
    ),
  ];
}

function each(label: string, counts: ReadonlyMap<string, number>): Reading {
  return [...counts].map(([value, count]) => [is(label, value), count] as const);
}

const ofShards =
  (value: (shard: Shard) => number) =>
  ({ shards }: Gathered): Reading =>
    shards.map(one => [is('shard', one.shard), value(one)]);

/** Of each shard's last pulse; one that has not sent any is missing. */
const ofPulses =
  (value: (pulse: Pulse) => number) =>
  ({ shards }: Gathered): Reading =>
    shards.flatMap(({ shard, pulse }) => (pulse ? [[is('shard', shard), value(pulse)] as const] : []));

const shardMetrics: readonly Metric<Gathered>[] = [
  gauge('cardume_shard_state', '1 for the state that the shard is in.', ({ shards }) =>
    shards.flatMap(({ shard, state: now }) =>
      shardStates.map(
        state => [`${is('shard', shard)},${is('state', state)}`, Number(state === now)] as const,
      ),
    ),
  ),
  gauge(
    'cardume_shard_devices',
    'Devices that the shard hosts.',
    ofShards(({ devices }) => devices),
  ),
  counter(
    'cardume_shard_restarts_total',
    'How often the shard was started again.',
    ofShards(({ restarts }) => restarts),
  ),
  counter(
    'cardume_shard_replacements_total',
    'How often the shard was started again in good order, for its memory.',
    ofShards(({ replacements }) => replacements),
  ),
  gauge(
    'cardume_shard_event_loop_lag_p99_seconds',
    "99th percentile of the shard's event-loop lag.",
    ofPulses(({ loopLagP99 }) => loopLagP99 / 1000),
  ),
  gauge(
    'cardume_shard_heap_bytes',
    'JavaScript heap in use.',
    ofPulses(({ heapUsed }) => heapUsed),
  ),
  gauge(
    'cardume_shard_external_bytes',
    'Memory outside the heap that the shard holds.',
    ofPulses(({ external }) => external),
  ),
  gauge(
    'cardume_shard_credit_in_use',
    'Events sent up and not yet taken over by the main thread.',
    ofPulses(({ creditInUse }) => creditInUse),
  ),
  gauge(
    'cardume_shard_events_queued',
    'Committed events that wait to be sent up.',
    ofPulses(({ eventsQueued }) => eventsQueued),
  ),
];

function processMetrics(): readonly Metric<unknown>[] {
  // Its timer does not keep the process alive.
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION });
  delay.enable();
  return [
    gauge(
      'cardume_main_event_loop_lag_p99_seconds',
      "99th percentile of the main thread's event-loop lag since the last scrape.",
      () => {
        // What it records is the whole time between two looks, in nanoseconds.
        const lag = Math.max(0, delay.percentile(99) / 1e9 - LAG_RESOLUTION / 1000);
        delay.reset();
        return lag;
      },
    ),
    gauge(
      'cardume_main_heap_bytes',
      "The main thread's JavaScript heap in use.",
      () => getHeapStatistics().used_heap_size,
    ),
    gauge('cardume_process_resident_bytes', 'Resident memory of the whole process, all threads.', () =>
      process.memoryUsage.rss(),
    ),
    gauge(
      'cardume_process_memory_used_ratio',
      'Used memory by the limit of the container or the machine.',
      memoryShare,
    ),
    counter('cardume_process_cpu_seconds_total', 'CPU time of the whole process, all threads.', () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    }),
  ];
}
