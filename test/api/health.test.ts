import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Pulse } from '../../src/shard/protocol.ts';
import type { ShardView } from '../../src/supervisor/devices.ts';
import { createApi, quietFleet } from '../support/api.ts';

const pulse: Pulse = {
  devices: 2,
  loopLagP99: 12,
  heapUsed: 1000,
  external: 2000,
  creditInUse: 4,
  eventsQueued: 5,
  pings: [],
  counts: {},
};
const shards: ShardView[] = [
  { shard: 0, state: 'up', devices: 2, restarts: 1, replacements: 0, pulse },
  { shard: 1, state: 'starting', devices: 0, restarts: 0, replacements: 0, pulse: null },
];

test('the process answers OK as gowa does', async () => {
  const { app } = createApi();
  const response = await app.request('/health');
  assert.deepEqual([response.status, await response.text()], [200, 'OK']);
  assert.equal((await app.request('/health', { method: 'HEAD' })).status, 200);
});

test('readiness is 200, or 503 with what is not ready', async () => {
  const ready = await createApi().app.request('/ready');
  assert.deepEqual([ready.status, await ready.json()], [200, { ready: true }]);
  const state = { ready: false, reasons: ['shard 1 is starting', 'the database cannot be reached'] };
  const waiting = await createApi({ readiness: async () => state }).app.request('/ready');
  assert.deepEqual([waiting.status, await waiting.json()], [503, state]);
  assert.equal(waiting.headers.get('retry-after'), '2');
});

test('the metrics show devices, shards, the main thread and requests, without a device or an account in a label', async () => {
  const { app, get, devices } = createApi({
    fleet: {
      ...quietFleet,
      shards: () => shards,
      ownership: () => ({ here: 2, elsewhere: 3, missing: undefined }),
      connectsWaiting: () => 7,
    },
  });
  devices.add('sales');
  devices.add('other', { phase: 'waiting' });
  await get('/devices/sales/status');
  await get('/devices/other/status');
  const response = await app.request('/metrics');
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain/);
  const lines = (await response.text()).split('\n');
  for (const line of [
    'cardume_info{version="1.2.3"} 1',
    'cardume_devices{state="open"} 1',
    'cardume_devices{state="waiting"} 1',
    'cardume_devices{state="unlinked"} 0',
    'cardume_devices_elsewhere 3',
    'cardume_connects_waiting 7',
    'cardume_shard_state{shard="0",state="up"} 1',
    'cardume_shard_state{shard="1",state="starting"} 1',
    'cardume_shard_state{shard="1",state="up"} 0',
    'cardume_shard_devices{shard="0"} 2',
    'cardume_shard_restarts_total{shard="0"} 1',
    'cardume_shard_event_loop_lag_p99_seconds{shard="0"} 0.012',
    'cardume_shard_heap_bytes{shard="0"} 1000',
    'cardume_shard_external_bytes{shard="0"} 2000',
    'cardume_database_connections{pool="main"} 3',
    'cardume_shard_credit_in_use{shard="0"} 4',
    'cardume_shard_events_queued{shard="0"} 5',
    'cardume_streams{way="sse"} 2',
    'cardume_streams{way="websocket"} 1',
    'cardume_streams_cut_total{reason="stalled"} 4',
    'cardume_streams_cut_total{reason="forbidden"} 0',
    'cardume_http_route_seconds_count{method="GET",route="/devices/:device_id/status",status="200"} 2',
    'cardume_http_request_seconds_count{family="devices",status="2xx"} 2',
  ])
    assert.ok(lines.includes(line), line);
  for (const name of ['main_event_loop_lag_p99_seconds', 'main_heap_bytes', 'process_resident_bytes'])
    assert.ok(
      lines.some(line => Number(line.split(`cardume_${name} `)[1]) >= 0),
      name,
    );
  assert.doesNotMatch(lines.join('\n'), /sales|other|s\.whatsapp\.net/);
});

test('two apps in one process keep their own metrics', async () => {
  const [one, two] = [createApi(), createApi()];
  await one.get('/nope');
  assert.match(await (await one.app.request('/metrics')).text(), /route="none",status="404"} 1/);
  assert.doesNotMatch(await (await two.app.request('/metrics')).text(), /status="404"/);
});

test('docs/metrics.md lists the metrics that there are, and no others', async () => {
  const { app } = createApi();
  const text = await (await app.request('/metrics')).text();
  const real = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const documented = [...page.matchAll(/^\| `(cardume_\w+)` +\| (\w+) +\|/gm)].map(
    ([, name, type]) => `${name} ${type}`,
  );
  assert.deepEqual(documented.sort(), real.sort());
});
