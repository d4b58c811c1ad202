import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, Registry, Summary } from 'prom-client';
import { RequestTimes } from '../../../src/api/request-times.ts';

test('the times of requests are what prom-client says of them, by family and by route, at each scrape', async () => {
  const registry = new Registry();
  const registers = [registry];
  const families = new Histogram({
    name: 'cardume_http_request_seconds',
    help: 'Time to answer HTTP requests, by the first part of the path.',
    labelNames: ['family', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 45],
    registers,
  });
  const routes = new Summary({
    name: 'cardume_http_route_seconds',
    help: 'Time to answer HTTP requests, by the pattern of the route.',
    labelNames: ['method', 'route', 'status'],
    percentiles: [],
    registers,
  });
  const ours = new RequestTimes();
  const serve = (method: string, route: string, status: number, seconds: number, family: string) => {
    families.observe({ family, status: `${String(status)[0]}xx` }, seconds);
    routes.observe({ method, route, status }, seconds);
    ours.observe({ method, route, status, seconds });
  };
  const lines = (text: string) =>
    text
      .split('\n')
      .filter(line => line !== '')
      .sort();
  const same = async () => assert.deepEqual(lines(ours.text()), lines(await registry.metrics()));

  serve('GET', '/devices', 200, 0.003, 'devices');
  serve('GET', '/devices', 200, 0.005, 'devices');
  serve('GET', '/devices/:device_id/status', 503, 46, 'devices');
  serve('GET', '/', 200, 0.01, 'page');
  serve('GET', 'none', 404, 0.01, 'none');
  serve('POST', '/a"b\\c\nd', 200, 0.3, 'a"b\\c\nd');
  await same();
  serve('GET', '/devices', 201, 9.5, 'devices');
  serve('PUT', '/devices', 200, 45, 'devices');
  await same();
});
