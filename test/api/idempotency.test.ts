import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { keptAnswers, LARGEST_ANSWER } from '../../src/access/answers.ts';
import { Failure } from '../../src/errors.ts';
import { deferred } from '../../src/lib/deferred.ts';
import { Seal } from '../../src/lib/seal.ts';
import type { Addressed } from '../../src/shard/protocol.ts';
import type { Sql } from '../../src/store/database.ts';
import { forgetAnswers } from '../../src/store/idempotency.ts';
import { takeLease } from '../../src/store/nodes.ts';
import { createApi } from '../support/api.ts';
import { testDatabase } from '../support/database.ts';
import { type FormValue, fileOf, postForm } from '../support/forms.ts';
import type { Given } from '../support/in-memory-devices.ts';
import { admin, bearer, keysApi } from '../support/keys-api.ts';
import { startNode } from '../support/node.ts';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

const hi = { phone: '15551234567', message: 'hi' };
const log = pino({ level: 'silent' });
const seal = new Seal(Buffer.alloc(32, 7));
const idOf = ({ command }: Given) => (command.input as Addressed).id;

/** A process that keeps answers on the database, with a lease of its own. */
async function answersOf(sql: Sql, ttlMs = 60_000) {
  const node = randomUUID();
  await takeLease(sql, { id: node, host: 'test', pid: 1, space: null, birth: null }, ttlMs);
  return { node, answers: keptAnswers({ sql, node, seal, log }) };
}

async function withAnswers(t: TestContext) {
  const { sql } = await testDatabase(t);
  const { node, answers } = await answersOf(sql);
  const api = createApi({ answers });
  api.devices.add('sales');
  const send = (key: string, body: object = hi, headers: Record<string, string> = {}) =>
    api.post('/send/message', body, { 'idempotency-key': key, ...headers });
  return { ...api, sql, node, send };
}

test('S18: a request that comes again gets the first answer, and is done once', async t => {
  const { send, devices, post } = await withAnswers(t);
  const first = await send('order-66');
  assert.deepEqual([first.status, first.headers.get('idempotency-replayed')], [200, null]);
  for (const key of ['order-66', '"order-66"']) {
    const again = await send(key, { message: 'hi', phone: '15551234567' });
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [200, 'true']);
    assert.deepEqual([again.message, again.results], [first.message, first.results]);
    assert.match(again.headers.get('content-type') ?? '', /^application\/json/);
  }
  assert.equal(devices.given.length, 1);
  await send('order-67');
  await post('/send/message', hi);
  const ids = devices.given.map(idOf);
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id, /^3EB0[0-9A-F]{18}$/);
});

test('S18: the same key with anything else is 422 and does nothing', async t => {
  const { send, devices, post } = await withAnswers(t);
  devices.add('other');
  const on = (device: string) => ({ 'x-device-id': device });
  await send('k', hi, on('sales'));
  const others = [
    send('k', { ...hi, message: 'ho' }, on('sales')),
    send('k', hi, on('other')),
    post('/devices', {}, { 'idempotency-key': 'k' }),
  ];
  for (const { status, code } of await Promise.all(others))
    assert.deepEqual([status, code], [422, 'IDEMPOTENCY_REUSED']);
  assert.equal(devices.given.length, 1);
});

test('a key that is used anew after its day sends another message, not the old one again', async t => {
  const { send, devices, sql } = await withAnswers(t);
  const ids = () => devices.given.map(idOf);
  devices.failure = new Failure('GATEWAY_TIMEOUT');
  assert.equal((await send('daily')).status, 504);
  // The first one's end is unknown: it is the same message.
  devices.failure = undefined;
  assert.equal((await send('daily')).status, 200);
  assert.equal(new Set(ids()).size, 1);
  await sql`update idempotency set expires_at = now() - interval '1 second'`;
  // A phone shows nothing of a message whose id it has seen.
  assert.equal((await send('daily')).headers.get('idempotency-replayed'), null);
  assert.equal(devices.given.length, 3);
  assert.equal(new Set(ids()).size, 2);
});

test('S18: while the first is under way the second is 409 with Retry-After', async t => {
  const { send, devices } = await withAnswers(t);
  const held = deferred<void>();
  devices.hold = held.promise;
  const first = send('k');
  await until(() => devices.given.length === 1);
  const second = await send('k');
  assert.deepEqual([second.status, second.code], [409, 'IDEMPOTENCY_RUNNING']);
  assert.equal(second.headers.get('retry-after'), '1');
  assert.equal((await send('k', { ...hi, message: 'ho' })).code, 'IDEMPOTENCY_REUSED');
  held.resolve();
  assert.equal((await first).status, 200);
  assert.equal((await send('k')).headers.get('idempotency-replayed'), 'true');
  assert.equal(devices.given.length, 1);
});

test('S18: a hundred at once of one key are one', async t => {
  const { send, devices } = await withAnswers(t);
  const answers = await Promise.all(Array.from({ length: 100 }, () => send('k')));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))].sort(), [200, 409]);
  assert.equal(devices.given.length, 1);
});

test('S18: keys of two API keys are two, those of a key and the one it was rotated into are one', async t => {
  const { sql } = await testDatabase(t);
  const { answers } = await answersOf(sql);
  const { post, made, device, devices } = await keysApi(t, { answers });
  await device('sales');
  const [one, two] = [await made({ scopes: ['send'] }), await made({ scopes: ['send'] })];
  const { results } = await post(`/keys/${one.id}/rotate`, {}, admin);
  const send = (key: string) => post('/send/message', hi, { ...bearer(key), 'idempotency-key': 'k' });
  for (const key of [one.key, two.key, String(results?.key)]) assert.equal((await send(key)).status, 200);
  assert.equal(devices.given.length, 2);
});

test('a key that is no printable text of at most 255 characters is 400', async t => {
  const { send, devices } = await withAnswers(t);
  for (const key of ['a b', 'x'.repeat(256), '"', '""', 'a"b', 'é', Array(10_000).fill('k').join(', ')]) {
    const answer = await send(key);
    assert.deepEqual([answer.status, answer.results?.field], [400, 'Idempotency-Key'], key.slice(0, 20));
  }
  assert.equal((await send('x'.repeat(255))).status, 200);
  assert.equal((await send('"with spaces in quotes"')).status, 200);
  assert.equal(devices.given.length, 2);
});

test('what will be refused again is answered the same; what may pass is done again under the same id', async t => {
  const { send, devices } = await withAnswers(t);
  devices.failure = new Failure('MESSAGE_NOT_FOUND');
  for (const replayed of [null, 'true']) {
    const answer = await send('gone');
    assert.deepEqual([answer.status, answer.headers.get('idempotency-replayed')], [404, replayed]);
    assert.equal(answer.code, 'MESSAGE_NOT_FOUND');
    const { retryable, docs } = answer as unknown as Record<string, unknown>;
    assert.deepEqual([retryable, docs], [false, 'http://localhost/errors#MESSAGE_NOT_FOUND']);
  }
  assert.equal(devices.given.length, 1);

  for (const code of [
    'DEVICE_NOT_CONNECTED',
    'GATEWAY_TIMEOUT',
    'INTERNAL_SERVER_ERROR',
    'DEVICE_STOPPED',
  ] as const) {
    devices.given.length = 0;
    devices.failure = new Failure(code);
    assert.equal((await send(code)).code, code);
    devices.failure = undefined;
    const answer = await send(code);
    assert.deepEqual([answer.status, answer.headers.get('idempotency-replayed')], [200, null], code);
    const [first, second] = devices.given;
    assert.equal(idOf(first!), idOf(second!), 'it is the same message');
    // Only of one whose end is unknown is it said that it may have been done.
    const unknown = code === 'GATEWAY_TIMEOUT' || code === 'INTERNAL_SERVER_ERROR';
    assert.deepEqual([first?.options.again, second?.options.again], [undefined, unknown || undefined], code);
  }
});

test('a request whose process died may be done by another at once, and is told that it may have been', async t => {
  const { sql } = await testDatabase(t);
  const dead = await answersOf(sql);
  const living = await answersOf(sql);
  const [id, fingerprint] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const begun = await dead.answers.begin(id, fingerprint);
  assert.equal(begun.as, 'ours');
  assert.equal((await living.answers.begin(id, fingerprint)).as, 'running');
  assert.equal((await living.answers.begin(id, Buffer.alloc(32, 3))).as, 'other');
  await sql`delete from node where id = ${dead.node}`;
  const taken = await living.answers.begin(id, fingerprint);
  assert.ok(taken.as === 'ours' && taken.turn.again);
  // The one that was dead after all finds that it is not its any more.
  if (begun.as === 'ours') await begun.turn.keep({ status: 200, body: 'late' });
  await taken.turn.keep({ status: 200, body: 'in time' });
  const again = await living.answers.begin(id, fingerprint);
  assert.deepEqual(again, { as: 'done', answer: { status: 200, body: 'in time' } });
});

test('answers are sealed, bounded, forgotten after a day, and without what is told once', async t => {
  const { sql } = await testDatabase(t);
  const { answers } = await answersOf(sql);
  const { post } = await keysApi(t, { answers });
  const make = () => post('/keys', { name: 'x', scopes: ['read'] }, { ...admin, 'idempotency-key': 'k' });
  const first = await make();
  const again = await make();
  assert.equal(again.results?.key_id, first.results?.key_id);
  assert.deepEqual([typeof first.results?.key, again.results?.key], ['string', undefined]);
  const [row] = await sql<[{ answer: Buffer }]>`select answer from idempotency`;
  assert.doesNotMatch(row?.answer.toString('latin1') ?? '', /SUCCESS|cdm_/);

  const large = Buffer.alloc(32, 5);
  const begun = await answers.begin(large, large);
  if (begun.as === 'ours') await begun.turn.keep({ status: 200, body: 'x'.repeat(LARGEST_ANSWER + 1) });
  assert.deepEqual(await answers.begin(large, large), {
    as: 'done',
    answer: { status: 200, body: undefined },
  });

  assert.equal(await forgetAnswers(sql, 10), 0);
  await sql`update idempotency set expires_at = now() - interval '1 second'`;
  assert.equal((await answers.begin(large, Buffer.alloc(32, 6))).as, 'ours', 'what is over does not count');
  assert.equal(await forgetAnswers(sql, 10), 1);
});

test('a process that is killed between the message and the answer: the retry is the same message, and it arrives once', async t => {
  const world = await startWorld(t, { devices: 1 });
  const [device] = world.seeded;
  const from = device?.id ?? '';
  const { phone } = await world.simulator.createPhone();
  for (const point of ['send.before_row', 'send.after_row', 'send.after_wire', 'send.after_ack']) {
    const headers = { 'x-device-id': from, 'idempotency-key': `order-${point}` };
    const body = { phone, message: `killed at ${point}` };
    const settings = { ...world.settings, WORKERS: '1' };
    const first = await startProgram(t, { ...settings, FAILPOINTS: `${point}:kill` });
    await first.opened([from]);
    // WhatsApp's ack may overtake the point on the wire: such a caller has an answer, and it must be the one of the retry.
    const early = await first
      .api<{ message_id: string }>('POST', '/send/message', body, headers)
      .catch(() => undefined);
    assert.equal(await first.ended, 'SIGKILL');

    const second = await startProgram(t, settings);
    await second.opened([from]);
    const answer = await until(
      async () => {
        const answer = await second.api<{ message_id: string }>('POST', '/send/message', body, headers);
        return answer.status === 409 || answer.status === 503 ? undefined : answer;
      },
      { what: `an answer after ${point}` },
    );
    assert.equal(answer.status, 200, `${point}: ${answer.body.message}`);
    const id = answer.body.results?.message_id;
    if (early) assert.equal(early.body.results?.message_id, id);
    const replay = await second.api<{ message_id: string }>('POST', '/send/message', body, headers);
    assert.deepEqual(
      [replay.headers.get('idempotency-replayed'), replay.body.results?.message_id],
      ['true', id],
    );
    const heard = await until(async () => {
      const said = (await world.simulator.messages(phone)).filter(({ text }) => text === body.message);
      return said.length > 0 ? said : undefined;
    });
    assert.deepEqual([...new Set(heard.map(message => message.id))], [id], point);
    second.kill('SIGTERM');
    await second.ended;
  }
  assert.equal((await world.simulator.violations()).total, 0);
});

test('S18: a file is a part of what is asked: its bytes, name and type, whatever form they come in, over a restart too', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  const { simulator } = node;
  await node.opened();
  const { phone } = await simulator.createPhone();
  const bytes = Buffer.alloc(300_000, 'a report that is worth sending once. ');
  const post = (key: string, fields: Record<string, FormValue>) =>
    postForm(node.node.url, '/send/file', fields, { 'idempotency-key': key });
  const report = () => ({ phone, file: fileOf(bytes, 'report.pdf', 'application/pdf') });
  const idsAt = async () => (await simulator.messages(phone)).map(({ id }) => id);

  const first = await post('report', report());
  assert.deepEqual([first.status, first.headers.get('idempotency-replayed')], [200, null], first.message);
  const id = String(first.results?.message_id);
  await simulator.waitForMessage(phone, message => message.id === id);
  assert.ok(Buffer.from(await simulator.fetchMedia(phone, id)).equals(bytes));

  const { file } = report();
  const again = async (what: string) => {
    // The fields in another order, under another boundary.
    const answer = await post('report', { file, phone });
    assert.deepEqual([answer.status, answer.headers.get('idempotency-replayed')], [200, 'true'], what);
    assert.deepEqual([answer.message, answer.results], [first.message, first.results], what);
  };
  await again('at once');

  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  const others: Record<string, Record<string, FormValue>> = {
    'another byte': { phone, file: fileOf(changed, 'report.pdf', 'application/pdf') },
    'fewer bytes': { phone, file: fileOf(bytes.subarray(1), 'report.pdf', 'application/pdf') },
    'another name': { phone, file: fileOf(bytes, 'other.pdf', 'application/pdf') },
    'another type': { phone, file: fileOf(bytes, 'report.pdf', 'text/plain') },
    'another caption': { ...report(), caption: 'new' },
    'no file': { phone },
  };
  for (const [what, fields] of Object.entries(others)) {
    const { status, code } = await post('report', fields);
    assert.deepEqual([status, code], [422, 'IDEMPOTENCY_REUSED'], what);
  }
  const asUrl = await node.api(
    'POST',
    '/send/file',
    { phone, file_url: 'https://example.com/report.pdf' },
    { 'idempotency-key': 'report' },
  );
  assert.equal(asUrl.body.code, 'IDEMPOTENCY_REUSED');
  await again('after others');

  await node.restart();
  await node.opened();
  await again('after a restart');
  assert.deepEqual(await idsAt(), [id], 'it arrived once, and nothing else did');
});

test('S18: many at once with one file under one key are one message, each of their own is its own', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  const { phone } = await node.simulator.createPhone();
  const send = (key: string, text: string) =>
    postForm(
      node.node.url,
      '/send/file',
      { phone, file: fileOf(Buffer.alloc(100_000, text), 'a.bin') },
      { 'idempotency-key': key },
    );
  const same = await Promise.all(Array.from({ length: 20 }, () => send('one', 'x')));
  for (const { status, code } of same)
    assert.ok(status === 200 || code === 'IDEMPOTENCY_RUNNING', `${status} ${code}`);
  const ids = new Set(same.flatMap(({ results }) => results?.message_id ?? []));
  assert.equal(ids.size, 1);
  const mixed = await Promise.all(Array.from({ length: 12 }, (_, n) => send('two', n % 2 ? 'y' : 'z')));
  const done = mixed.filter(({ status }) => status === 200);
  assert.ok(done.length >= 1);
  for (const { status, code } of mixed)
    assert.ok(status === 200 || /^IDEMPOTENCY_(RUNNING|REUSED)$/.test(code), `${status} ${code}`);
  assert.ok(mixed.filter(({ code }) => code === 'IDEMPOTENCY_REUSED').length >= 6);
  for (const { results } of done) ids.add(String(results?.message_id));
  assert.equal(ids.size, 2);
  for (const id of ids) await node.simulator.waitForMessage(phone, message => message.id === id);
  assert.deepEqual(new Set((await node.simulator.messages(phone)).map(({ id }) => id)), ids);
});

test('a process that is killed while it sends a file: the retry brings the file, once', async t => {
  const world = await startWorld(t, { devices: 1 });
  const [device] = world.seeded;
  const from = device?.id ?? '';
  const { phone } = await world.simulator.createPhone();
  for (const point of ['send.before_row', 'send.after_row', 'send.after_wire']) {
    const headers = { 'x-device-id': from, 'idempotency-key': `file-${point}` };
    const bytes = Buffer.alloc(200_000, point);
    const settings = { ...world.settings, WORKERS: '1' };
    const send = (url: string) =>
      postForm(url, '/send/file', { phone, file: fileOf(bytes, 'a.bin') }, headers);
    const first = await startProgram(t, { ...settings, FAILPOINTS: `${point}:kill` });
    await first.opened([from]);
    await send(first.url).catch(() => undefined);
    assert.equal(await first.ended, 'SIGKILL');

    const second = await startProgram(t, settings);
    await second.opened([from]);
    const answer = await until(
      async () => {
        const answer = await send(second.url);
        return answer.status === 409 || answer.status === 503 ? undefined : answer;
      },
      { what: `an answer after ${point}` },
    );
    assert.equal(answer.status, 200, `${point}: ${answer.message}`);
    const id = String(answer.results?.message_id);
    await world.simulator.waitForMessage(phone, message => message.id === id);
    assert.ok(Buffer.from(await world.simulator.fetchMedia(phone, id)).equals(bytes), point);
    second.kill('SIGTERM');
    await second.ended;
  }
  const heard = (await world.simulator.messages(phone)).map(({ id }) => id);
  assert.equal(new Set(heard).size, 3);
  assert.equal((await world.simulator.violations()).total, 0);
});
