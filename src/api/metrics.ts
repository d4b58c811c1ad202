// What /metrics says. Numbers only: no label carries a device, an account or a path that a caller wrote.
// `docs/metrics.md` lists the same names; a test compares the two.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { memoryShare } from '../lib/memory.ts';
import type { Phase, Pulse } from '../shard/protocol.ts';
import type { AppDeps } from './deps.ts';
import { RequestTimes, type Served } from './request-times.ts';
import { addStreams } from './stream-metrics.ts';
import { addWebhooks } from './webhook-metrics.ts';

export interface Metrics {
  readonly contentType: string;
  /** All of them, in Prometheus' text format. */
  text(): Promise<string>;
  /** Counts an answered request. */
  served(request: Served): void;
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

/** What each shard's last pulse says; milliseconds become seconds. */
const pulseGauges: readonly [name: string, help: string, value: (pulse: Pulse) => number][] = [
  ['event_loop_lag_p99_seconds', "99th percentile of the shard's event-loop lag.", p => p.loopLagP99 / 1000],
  ['heap_bytes', 'JavaScript heap in use.', p => p.heapUsed],
  ['external_bytes', 'Memory outside the heap that the shard holds.', p => p.external],
  ['credit_in_use', 'Events sent up and not yet taken over by the main thread.', p => p.creditInUse],
  ['events_queued', 'Committed events that wait to be sent up.', p => p.eventsQueued],
];

/** Milliseconds between two looks at the main thread's event loop. */
const LAG_RESOLUTION = 20;

/** A registry of its own that reads devices and shards when it is scraped; nothing global is touched. */
export function createMetrics({
  devices,
  fleet,
  version,
  connections,
  deliveries,
  events,
}: Pick<AppDeps, 'devices' | 'fleet' | 'version' | 'connections' | 'deliveries' | 'events'>): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const shards = ['shard'] as const;

  new Gauge({
    name: 'cardume_info',
    help: 'The version, as a label.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  new Gauge({
    name: 'cardume_devices',
    help: 'Devices that this node runs, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      const many = new Map(phases.map(state => [state, 0]));
      for (const { phase, elsewhere } of devices.list())
        if (!elsewhere) many.set(phase, (many.get(phase) ?? 0) + 1);
      for (const [state, count] of many) this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'cardume_devices_elsewhere',
    help: 'Devices of the database that this node does not run.',
    registers,
    collect() {
      this.set(fleet.ownership().elsewhere);
    },
  });
  addHealth(registers, devices, fleet);
  new Gauge({
    name: 'cardume_devices_quarantined',
    help: 'Devices that run in the quarantine thread.',
    registers,
    collect() {
      this.set(devices.list().filter(({ quarantined }) => quarantined).length);
    },
  });
  new Gauge({
    name: 'cardume_connects_waiting',
    help: 'Devices that wait for the connect gate.',
    registers,
    collect() {
      this.set(fleet.connectsWaiting());
    },
  });
  new Gauge({
    name: 'cardume_shard_state',
    help: '1 for the state that the shard is in.',
    labelNames: ['shard', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { shard, state: now } of fleet.shards())
        for (const state of shardStates) this.set({ shard, state }, Number(state === now));
    },
  });
  new Gauge({
    name: 'cardume_shard_devices',
    help: 'Devices that the shard hosts.',
    labelNames: shards,
    registers,
    collect() {
      this.reset();
      for (const { shard, devices: hosted } of fleet.shards()) this.set({ shard }, hosted);
    },
  });
  new Counter({
    name: 'cardume_shard_restarts_total',
    help: 'How often the shard was started again.',
    labelNames: shards,
    registers,
    collect() {
      this.reset();
      for (const { shard, restarts } of fleet.shards()) this.inc({ shard }, restarts);
    },
  });
  new Counter({
    name: 'cardume_shard_replacements_total',
    help: 'How often the shard was started again in good order, for its memory.',
    labelNames: shards,
    registers,
    collect() {
      this.reset();
      for (const { shard, replacements } of fleet.shards()) this.inc({ shard }, replacements);
    },
  });
  for (const [name, help, value] of pulseGauges)
    new Gauge({
      name: `cardume_shard_${name}`,
      help,
      labelNames: shards,
      registers,
      collect() {
        this.reset();
        for (const { shard, pulse } of fleet.shards()) if (pulse) this.set({ shard }, value(pulse));
      },
    });

  new Gauge({
    name: 'cardume_database_connections',
    help: 'Database connections in use, by pool.',
    labelNames: ['pool'],
    registers,
    async collect() {
      this.reset();
      for (const { pool, used } of await connections()) this.set({ pool }, used);
    },
  });
  addWebhooks(registers, deliveries);
  addStreams(registers, events);
  addMainThread(registers);
  const requests = new RequestTimes();
  return {
    contentType: registry.contentType,
    text: async () => `${await registry.metrics()}\n${requests.text()}`,
    served: request => requests.observe(request),
  };
}

/** A degraded device counts once in `cardume_devices_degraded`, and once for each of its reasons. */
function addHealth(registers: Registry[], devices: AppDeps['devices'], fleet: AppDeps['fleet']): void {
  new Gauge({
    name: 'cardume_devices_degraded',
    help: 'Devices that are degraded.',
    registers,
    collect() {
      this.set(devices.list().filter(({ degraded }) => degraded !== undefined).length);
    },
  });
  new Gauge({
    name: 'cardume_devices_degraded_by_reason',
    help: 'Devices that are degraded, by reason; one may have several.',
    labelNames: ['reason'],
    registers,
    collect() {
      for (const reason of complaints) this.set({ reason }, 0);
      for (const { degraded = [] } of devices.list())
        for (const { code: reason } of degraded) this.inc({ reason });
    },
  });
  new Counter({
    name: 'cardume_deaf_connections_total',
    help: 'Connections that were open, heard nothing and were ended for it.',
    registers,
    collect() {
      this.reset();
      this.inc(fleet.count('deaf'));
    },
  });
  new Counter({
    name: 'cardume_messages_undecryptable_total',
    help: 'Messages that came and could not be decrypted.',
    registers,
    collect() {
      this.reset();
      this.inc(fleet.count('undecryptable'));
    },
  });
  new Counter({
    name: 'cardume_messages_recovered_total',
    help: 'Of them those that could be after all: sent again by the sender, or by the own phone.',
    labelNames: ['by'],
    registers,
    collect() {
      this.reset();
      this.inc({ by: 'retry' }, fleet.count('recovered_by_retry'));
      this.inc({ by: 'phone' }, fleet.count('recovered_by_phone'));
    },
  });
  new Counter({
    name: 'cardume_messages_lost_total',
    help: 'Of them those for which nothing has helped.',
    registers,
    collect() {
      this.reset();
      this.inc(fleet.count('lost'));
    },
  });
  new Histogram({
    name: 'cardume_ping_seconds',
    help: 'Round trips of pings to WhatsApp, over all devices.',
    buckets: [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30],
    registers,
    collect() {
      for (const ms of fleet.takePings()) this.observe(ms / 1000);
    },
  });
}

function addMainThread(registers: Registry[]): void {
  // Its timer does not keep the process alive.
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION });
  delay.enable();
  new Gauge({
    name: 'cardume_main_event_loop_lag_p99_seconds',
    help: "99th percentile of the main thread's event-loop lag since the last scrape.",
    registers,
    collect() {
      // What it records is the whole time between two looks, in nanoseconds.
      this.set(Math.max(0, delay.percentile(99) / 1e9 - LAG_RESOLUTION / 1000));
      delay.reset();
    },
  });
  new Gauge({
    name: 'cardume_main_heap_bytes',
    help: "The main thread's JavaScript heap in use.",
    registers,
    collect() {
      this.set(getHeapStatistics().used_heap_size);
    },
  });
  new Gauge({
    name: 'cardume_process_resident_bytes',
    help: 'Resident memory of the whole process, all threads.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'cardume_process_memory_used_ratio',
    help: 'Used memory by the limit of the container or the machine.',
    registers,
    collect() {
      this.set(memoryShare());
    },
  });
  new Counter({
    name: 'cardume_process_cpu_seconds_total',
    help: 'CPU time of the whole process, all threads.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
}
