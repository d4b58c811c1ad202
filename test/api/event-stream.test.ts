// GET /events/stream over a real server: what comes, what was missed, and what a reader costs who does not read.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { eventStream } from '../../src/api/event-stream.ts';
import { readStream } from '../support/event-stream.ts';
import { admin, bearer } from '../support/keys-api.ts';
import { streamsServer } from '../support/streams.ts';
import { until } from '../support/until.ts';

const range = (count: number, from = 1) => Array.from({ length: count }, (_, n) => String(n + from));
const bodies = (told: readonly { data?: string }[]) =>
  told.map(({ data }) => (JSON.parse(data ?? '{}') as { payload: { body: string } }).payload.body);

const reader = { way: 'sse', by: undefined } as const;

async function world(t: Parameters<typeof streamsServer>[0], options?: Parameters<typeof streamsServer>[1]) {
  const server = await streamsServer(t, options);
  const { key, id } = await server.made({ scopes: ['read'] });
  const open = async (query = '', headers: Record<string, string> = {}, how = {}) => {
    const stream = await readStream(
      `${server.url}/events/stream${query}`,
      { ...bearer(key), ...headers },
      how,
    );
    t.after(() => stream.close());
    return stream;
  };
  return { ...server, key, keyId: id, open };
}

test('a stream begins now, carries what this node and others write, and is kept open by proxies', async t => {
  const { device, write, open } = await world(t);
  const a = await device('a');
  await write(a, ['before']);
  const all = await open();
  const one = await open('?device_id=a&types=message.ack');
  assert.equal(all.status, 200);
  const { 'content-type': type, 'cache-control': cache, 'x-accel-buffering': held } = all.response.headers;
  assert.deepEqual([type, cache, held], ['text/event-stream; charset=utf-8', 'no-store', 'no']);
  await until(() => /^retry: \d+$/m.test(all.text()));
  const retry = Number(/^retry: (\d+)$/m.exec(all.text())?.[1]);
  assert.ok(retry >= 1_500 && retry <= 4_500, String(retry));
  // The moment before may come, too: what is written at the same time on the same server decides.
  const heard = () => bodies(all.told).filter(body => body !== 'before');
  await write(a, ['here']);
  await until(() => heard().length === 1);
  await write(a, ['elsewhere'], { quiet: true });
  await write(a, ['secret'], { event: 'device.qr' });
  await write(a, ['read'], { event: 'message.ack' });
  await until(() => heard().length === 3 && one.told.length === 1);
  assert.deepEqual(heard(), ['here', 'elsewhere', 'read']);
  assert.deepEqual(bodies(one.told), ['read']);
  assert.equal(one.last(), '5', "a device's cursor is its event's number");
  assert.match(all.last() ?? '', /^\d+\.\d+$/);
});

test('who comes back with the last id gets what came since, once each, in order', async t => {
  const { device, write, open } = await world(t);
  const [a, b] = [await device('a'), await device('b')];
  const first = await open('?after=0.0');
  await write(a, range(250));
  await until(() => first.told.length >= 120);
  first.close();
  await first.ended;
  await write(b, range(30));
  const again = await open('', { 'last-event-id': first.last() ?? '' });
  await until(() => first.told.length + again.told.length >= 280);
  const ids = [...first.told, ...again.told].map(({ data }) => (JSON.parse(data ?? '') as { id: string }).id);
  assert.equal(new Set(ids).size, 280);
  assert.deepEqual(bodies([...first.told, ...again.told]), [...range(250), ...range(30)]);
  // The header is newer than what the page was opened with.
  const both = await open('?device_id=a&after=1', { 'last-event-id': '249' });
  await until(() => both.told.length === 1);
  assert.deepEqual(bodies(both.told), ['250']);
});

test('F45: a reader that does not read costs a page and not what it has not read, and misses nothing', async t => {
  // It may be long until it reads.
  const { device, write, open, pages } = await world(t, { times: { stallMs: Number.POSITIVE_INFINITY } });
  const a = await device('a');
  const slow = await open('', {}, { paused: true });
  const fast = await open();
  // More than the buffers of the system between two sockets of this machine hold (6 and 4 MB).
  const text = randomBytes(37_500).toString('hex');
  const count = 400;
  for (let n = 0; n < count; n += 20)
    await write(
      a,
      range(20, n + 1).map(name => `${name} ${text}`),
    );
  await until(() => fast.told.length === count, { within: 120_000 });
  const [held = 0, whole = 0] = pages;
  assert.ok(whole > count * 75_000, `${whole} bytes were read by who reads`);
  assert.ok(held < 12_000_000, `${held} bytes were read for who does not`);
  slow.response.resume();
  await until(() => slow.told.length === count, { within: 120_000 });
  assert.deepEqual(
    bodies(slow.told).map(body => body.split(' ')[0]),
    range(count),
  );
});

test('a stream ends when its key does, or the server stops; as many are open as there may be', async t => {
  const { device, write, open, made, url, ask, streams, keys } = await world(t, {
    limits: { most: 3, each: 3 },
  });
  const a = await device('a');
  const { key, id } = await made({ scopes: ['read'], devices: ['a'] });
  const ending = await readStream(`${url}/events/stream`, bearer(key));
  const [staying, third] = [await open(), await open()];
  const fourth = await open();
  assert.deepEqual([fourth.status, fourth.response.headers['retry-after']], [503, '5']);
  third.close();
  await until(() => streams.open === 2);
  await write(a, ['one']);
  await until(() => ending.told.length === 1 && staying.told.length === 1);
  await ask('DELETE', `/keys/${id}`, undefined, admin);
  await keys.fresh();
  await ending.ended;
  await until(() => streams.open === 1);
  await write(a, ['two']);
  await until(() => staying.told.length === 2);
  assert.deepEqual(bodies(ending.told), ['one']);
  assert.equal(streams.figures().cut.forbidden, 1);
});

test('a key has its share of the readers and no more, whatever it reads by; others have theirs', async t => {
  const { open, url, made, ask, streams } = await world(t, { limits: { most: 5, each: 2 } });
  const { key } = await made({ scopes: ['read'] });
  const socket = (by: string, query: string) =>
    new Promise<WebSocket | readonly [number | undefined, string]>((resolve, reject) => {
      const one = new WebSocket(`${url.replace('http', 'ws')}/ws${query}`, { headers: bearer(by) });
      t.after(() => one.terminate());
      one.once('open', () => resolve(one));
      one.once('error', reject);
      one.once('unexpected-response', (_, response) =>
        response.once('data', body =>
          resolve([response.statusCode, (JSON.parse(String(body)) as { code: string }).code]),
        ),
      );
    });
  const first = await open();
  const both = await socket(key, '?events=*');
  assert.ok(both instanceof WebSocket);
  await open();
  const third = await open();
  assert.deepEqual([third.status, third.response.headers['retry-after']], [429, '5']);
  await until(() => third.text().includes('"code":"TOO_MANY_STREAMS"'));
  // A socket is judged before it is one, and one that reads nothing of the journal has its share, too.
  assert.ok((await socket(key, '')) instanceof WebSocket);
  assert.deepEqual(await socket(key, ''), [429, 'TOO_MANY_STREAMS']);
  const other = await readStream(`${url}/events/stream`, bearer(key));
  assert.equal(other.status, 200);
  both.terminate();
  await until(() => streams.figures().open.websocket === 0);
  first.close();
  await until(() => streams.open === 2);
  assert.equal((await open()).status, 200, 'a place that was given back');
  const { results } = await ask('GET', '/events', undefined, bearer(key));
  assert.ok(results, 'pages are not readers that stay');
});

test('a search through what a reader does not want is told of while it goes on, and need not begin anew', async t => {
  let clock = 0;
  const now = () => {
    clock += 3_000;
    return clock;
  };
  const { device, write, open, streams } = await world(t, {
    times: { now, stallMs: Number.POSITIVE_INFINITY },
  });
  const a = await device('a');
  for (let n = 0; n < 9; n += 1) await write(a, range(500));
  await write(a, ['wanted'], { event: 'message.ack' });
  const reading = await open('?types=message.ack&after=0.0');
  await until(() => reading.told.length === 1);
  const [before = ''] = reading.text().split('data: ');
  const places = [...before.matchAll(/^:hb\nid: (\S+)\n\n/gm)].map(([, place]) => place ?? '');
  assert.equal(places.length, 2, before);
  reading.close();
  await until(() => streams.open === 0);
  const again = await open('?types=message.ack', { 'last-event-id': places[1] ?? '' });
  await until(() => again.told.length === 1);
  assert.deepEqual(bodies(again.told), ['wanted']);
  assert.doesNotMatch(
    again.text().split('data: ')[0] ?? '',
    /:hb/,
    'what was searched is not searched again',
  );
});

test('a reader that takes nothing is cut off by the server, and one that is told nothing is not', async t => {
  let clock = 0;
  const { device, write, open, streams } = await world(t, { times: { now: () => clock, checkMs: 20 } });
  const a = await device('a');
  const slow = await open('?device_id=a&after=0', {}, { paused: true });
  const silent = await open('?device_id=a&types=message.ack');
  await until(() => silent.text().startsWith('retry'));
  const text = randomBytes(37_500).toString('hex');
  for (let n = 0; n < 200; n += 20)
    await write(
      a,
      range(20, n + 1).map(name => `${name} ${text}`),
    );
  await until(() => {
    clock += 61_000;
    return streams.figures().cut.stalled === 1;
  });
  assert.deepEqual(streams.figures().open, { sse: 1, websocket: 0 });
  slow.response.resume();
  await slow.ended;
  assert.equal(slow.response.complete, false, 'it was not waited for');
  assert.ok(slow.told.length < 200, `${slow.told.length} were told`);
  // It comes back with what it has.
  const again = await open('?device_id=a', { 'last-event-id': slow.last() ?? '0' });
  await until(() => slow.told.length + again.told.length === 200, { within: 60_000 });
  assert.deepEqual(
    bodies([...slow.told, ...again.told]).map(body => body.split(' ')[0]),
    range(200),
  );
  await write(a, ['still there'], { event: 'message.ack' });
  await until(() => silent.told.length === 1);
  assert.equal(streams.figures().cut.stalled, 1);
});

test('a reader that is slow and takes something in time is not cut off', async t => {
  let clock = 0;
  let checks = 0;
  let hungUp = 0;
  const { device, write, streams } = await world(t, { times: { now: () => clock, checkMs: 5 } });
  const { no } = await device('a');
  await write(
    { no, id: 'a' } as never,
    range(4, 1).map(name => name.padEnd(70_000, 'x')),
  );
  const follower = streams.follow({ device: no, devices: () => undefined, types: [], after: '0', ...reader });
  const allowed = () => {
    checks += 1;
    return true;
  };
  const checked = async () => {
    const seen = checks;
    await until(() => checks >= seen + 2);
  };
  const response = eventStream({ open: () => follower, allowed }, undefined, {} as never, () => {
    hungUp += 1;
  });
  const body = response.body!.getReader();
  // Four events of one page, each more than is given at once.
  for (let n = 0; n < 5; n += 1) {
    assert.equal((await body.read()).done, false);
    clock += 59_000;
    await checked();
    assert.deepEqual([follower.closed, hungUp], [false, 0]);
  }
  clock += 2_000;
  await until(() => follower.closed);
  assert.deepEqual([hungUp, streams.open, streams.figures().cut.stalled], [1, 0, 1]);
  await body.cancel();
});

test('what expires under a reader is told as a gap, and the stream ends', async t => {
  const { device, write, open, sql, streams } = await world(t);
  const a = await device('a');
  await write(a, range(3));
  const reading = await open('?device_id=a&after=1');
  await until(() => reading.told.length === 2);
  await sql`update device set expired_seq = 10, last_seq = 12`;
  await write(a, ['13']);
  await reading.ended;
  const { event, data } = reading.told.at(-1)!;
  assert.deepEqual([event, JSON.parse(data ?? '')], ['gap', { earliest: '10' }]);
  assert.deepEqual(streams.figures(), {
    open: { sse: 0, websocket: 0 },
    cut: { stalled: 0, forbidden: 0, gap: 1, failed: 0 },
  });
});

test('nothing is read for a reader before it is ready, and one page then', async t => {
  const { device, write, streams } = await world(t);
  const { no } = await device('a');
  await write({ no, id: 'a' } as never, range(250));
  let read = 0;
  const follower = streams.follow({ device: no, devices: () => undefined, types: [], after: '0', ...reader });
  const page = follower.page;
  follower.page = async () => {
    read += 1;
    return await page();
  };
  const response = eventStream({ open: () => follower, allowed: () => true }, undefined, {} as never);
  const body = response.body!.getReader();
  const text = async () => Buffer.from((await body.read()).value ?? []).toString();
  assert.match(await text(), /^retry: /);
  assert.equal(read, 0);
  for (const [n, lines] of [100, 100, 50].entries()) {
    assert.equal((await text()).split('\n\n').length - 1, lines);
    assert.equal(read, n + 1);
  }
  await body.cancel();
  assert.equal(follower.closed, true);
  assert.equal(streams.open, 0);
});

test('whoever asks for the head of a stream alone holds none open', async t => {
  const { url, streams } = await world(t, { limits: { most: 1, each: 1 } });
  for (let n = 0; n < 3; n += 1)
    assert.equal((await fetch(`${url}/events/stream`, { method: 'HEAD', headers: admin })).status, 200);
  assert.equal(streams.open, 0);
});
