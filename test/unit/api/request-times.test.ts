import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Histogram, Registry } from 'prom-client';
import { RequestTimes } from '../../../src/api/request-times.ts';

test('the histogram of requests says what prom-client says, at each scrape', async () => {
  const registry = new Registry();
  const theirs = new Histogram({
    name: 'cardume_http_request_seconds',
    help: 'Time to answer HTTP requests, by the pattern of the route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 45],
    registers: [registry],
  });
  const ours = new RequestTimes();
  const serve = (method: string, route: string, status: number, seconds: number) => {
    theirs.observe({ method, route, status }, seconds);
    ours.observe({ method, route, status, seconds });
  };
  const same = async () =>
    assert.deepEqual(
      ours.text().trim().split('\n').sort(),
      (await registry.metrics()).trim().split('\n').sort(),
    );

  serve('GET', '/devices', 200, 0.003);
  serve('GET', '/devices', 200, 0.005);
  serve('GET', '/devices', 503, 46);
  serve('POST', '/a"b\\c\nd', 200, 0.3);
  await same();
  serve('GET', '/devices', 200, 9.5);
  serve('PUT', '/devices', 200, 45);
  await same();
});
