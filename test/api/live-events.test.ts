// /ws with events: the journal beside what gowa tells, with the same cursors and filters as the stream.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { bearer } from '../support/keys-api.ts';
import { streamsServer } from '../support/streams.ts';
import { until } from '../support/until.ts';

interface Said {
  readonly code: string;
  readonly message: string;
  readonly result: {
    readonly event: string;
    readonly seq: number;
    readonly payload: { readonly body: string };
  };
  readonly cursor: string;
}

const range = (count: number, from = 1) => Array.from({ length: count }, (_, n) => String(n + from));

async function world(t: TestContext, options?: Parameters<typeof streamsServer>[1]) {
  const server = await streamsServer(t, options);
  const { key } = await server.made({ scopes: ['read'] });
  const address = server.url.replace('http', 'ws');
  async function listen(query: string, by = key) {
    const socket = new WebSocket(`${address}/ws${query}`, { headers: bearer(by) });
    t.after(() => socket.terminate());
    const heard: Said[] = [];
    /** Places without an event, each with how many messages had come by then. */
    const places: { cursor: string; behind: number }[] = [];
    socket.on('message', data => {
      const said = JSON.parse(String(data)) as Said;
      if (said.code === 'EVENT_CURSOR') places.push({ cursor: said.cursor, behind: heard.length });
      else heard.push(said);
    });
    const ended = new Promise<number>(resolve => socket.once('close', resolve));
    await once(socket, 'open');
    return { socket, heard, places, ended };
  }
  async function refusal(query: string) {
    const socket = new WebSocket(`${address}/ws${query}`, { headers: bearer(key) });
    socket.on('error', () => {});
    const [, response] = await once(socket, 'unexpected-response');
    let body = '';
    for await (const part of response) body += part;
    socket.terminate();
    return [response.statusCode, (JSON.parse(body) as { code: string }).code];
  }
  return { ...server, listen, refusal };
}

test('whoever asks for no events hears what gowa tells and nothing else; whoever does hears both', async t => {
  const { device, write, listen } = await world(t);
  const a = await device('a');
  const [plain, events] = [await listen(''), await listen('?events=*')];
  await write(a, ['one']);
  await until(() => events.heard.length === 1);
  for (const { socket } of [plain, events]) socket.send('{"code":"FETCH_DEVICES"}');
  await until(() => plain.heard.length === 1 && events.heard.length === 2);
  assert.deepEqual(
    [plain, events].map(({ heard }) => heard.map(({ code }) => code)),
    [['LIST_DEVICES'], ['EVENT', 'LIST_DEVICES']],
  );
  const { message, result, cursor } = events.heard[0]!;
  assert.deepEqual([message, result.event, result.seq, result.payload.body], ['Event', 'message', 1, 'one']);
  assert.match(cursor, /^\d+\.\d+$/);
});

test('a socket goes on after a cursor, with the events that it names, of the device that it names', async t => {
  const { device, write, listen } = await world(t);
  const [a, b] = [await device('a'), await device('b')];
  const first = await listen('?events=message');
  await write(a, range(150));
  await write(a, ['read'], { event: 'message.ack' });
  await until(() => first.heard.length >= 60);
  first.socket.terminate();
  await first.ended;
  await write(b, ['b']);
  const again = await listen(`?events=message&after=${first.heard.at(-1)?.cursor}`);
  await until(() => first.heard.length + again.heard.length === 151);
  assert.deepEqual(
    [...first.heard, ...again.heard].map(({ result }) => result.payload.body),
    [...range(150), 'b'],
  );
  const acks = await listen('?events=message.ack&device_id=a&after=0');
  await until(() => acks.heard.length === 1);
  assert.equal(acks.heard[0]?.cursor, '151');
});

test('what cannot be read is refused before the socket is one; what expires ends it', async t => {
  const { device, write, listen, refusal, sql } = await world(t);
  const a = await device('a');
  await write(a, range(3));
  assert.deepEqual(await refusal('?events=*&after=x'), [400, 'VALIDATION_ERROR']);
  assert.deepEqual(await refusal('?events=everything'), [400, 'VALIDATION_ERROR']);
  assert.deepEqual(await refusal('?events=*&device_id=a&after=4'), [400, 'VALIDATION_ERROR']);
  assert.deepEqual(await refusal('?events=*&device_id=nobody'), [404, 'DEVICE_NOT_FOUND']);
  const reading = await listen('?events=*&device_id=a&after=0');
  await until(() => reading.heard.length === 3);
  await sql`update device set expired_seq = 5, last_seq = 6`;
  assert.deepEqual(await refusal('?events=*&device_id=a&after=4'), [410, 'EVENTS_EXPIRED']);
  await write(a, ['7']);
  assert.equal(await reading.ended, 4410);
  const { code, result } = reading.heard.at(-1)!;
  assert.deepEqual([code, result], ['EVENT_GAP', { earliest: '5' }]);
});

test('a socket that does not read costs what is on its way, and misses nothing', async t => {
  const { device, write, listen, pages } = await world(t, { times: { stallMs: Number.POSITIVE_INFINITY } });
  const a = await device('a');
  const slow = await listen('?events=*');
  slow.socket.pause();
  const fast = await listen('?events=*');
  const text = 'x'.repeat(75_000);
  for (let n = 0; n < 400; n += 20)
    await write(
      a,
      range(20, n + 1).map(name => `${name} ${text}`),
    );
  await until(() => fast.heard.length === 400, { within: 120_000 });
  const held = Math.min(...pages);
  assert.ok(held < 12_000_000, `${held} bytes were read for who does not read`);
  slow.socket.resume();
  await until(() => slow.heard.length === 400, { within: 120_000 });
  assert.deepEqual(
    slow.heard.map(({ result }) => result.payload.body.split(' ')[0]),
    range(400),
  );
});

test('a search through what a socket does not want is told of, and need not begin anew; gowa’s listeners hear nothing', async t => {
  let clock = 0;
  const now = () => {
    clock += 3_000;
    return clock;
  };
  const { device, write, listen } = await world(t, { times: { now, stallMs: Number.POSITIVE_INFINITY } });
  const a = await device('a');
  for (let n = 0; n < 9; n += 1) await write(a, range(500));
  await write(a, ['wanted'], { event: 'message.ack' });
  const plain = await listen('');
  const events = await listen('?events=message.ack&device_id=a&after=0');
  await until(() => events.heard.length === 1);
  assert.deepEqual(events.places, [
    { cursor: '2000', behind: 0 },
    { cursor: '4000', behind: 0 },
  ]);
  const again = await listen('?events=message.ack&device_id=a&after=4000');
  await until(() => again.heard.length === 1);
  assert.deepEqual([again.heard[0]?.result.payload.body, again.places], ['wanted', []]);
  plain.socket.send('{"code":"FETCH_DEVICES"}');
  await until(() => plain.heard.length === 1);
  assert.deepEqual(plain.places, []);
});

test('a socket that takes nothing is cut off by the server, and one that is told nothing is not', async t => {
  let clock = 0;
  const { device, write, listen, streams } = await world(t, { times: { now: () => clock, checkMs: 20 } });
  const a = await device('a');
  const slow = await listen('?events=*&device_id=a&after=0');
  slow.socket.pause();
  const silent = await listen('?events=message.ack&device_id=a');
  const text = 'x'.repeat(75_000);
  for (let n = 0; n < 200; n += 20)
    await write(
      a,
      range(20, n + 1).map(name => `${name} ${text}`),
    );
  await until(() => {
    clock += 61_000;
    return streams.figures().cut.stalled === 1;
  });
  slow.socket.resume();
  assert.equal(await slow.ended, 1006);
  assert.ok(slow.heard.length < 200, `${slow.heard.length} were told`);
  assert.deepEqual(streams.figures().open, { sse: 0, websocket: 1 });
  await write(a, ['still there'], { event: 'message.ack' });
  await until(() => silent.heard.length === 1);
});
