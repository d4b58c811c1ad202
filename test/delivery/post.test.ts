import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Poster } from '../../src/delivery/post.ts';
import { endpointSettings } from '../../src/delivery/settings.ts';
import { syncGlobalEndpoints } from '../../src/store/endpoints.ts';
import { testDatabase } from '../support/database.ts';
import { deadPort, receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { selfSigned } from './certificate.ts';
import { append, deliverer, device, here, hurry } from './ledger.ts';

function poster(t: TestContext, deadlineMs = 15_000): Poster {
  const made = new Poster({ inFlight: 8, version: '1.2.3', guard: here, deadlineMs });
  t.after(() => made.close());
  return made;
}

/** A server that answers a request with whatever bytes the test writes. */
async function raw(
  t: TestContext,
  answer: (socket: Socket) => void,
): Promise<{ url: string; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('error', () => {}).once('data', () => answer(socket));
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return { url: `http://127.0.0.1:${address.port}/`, server };
}

const letter = (url: string) => ({
  url,
  headers: { 'webhook-id': 'ev_1' },
  body: '{"é":1}',
  skipTlsVerify: false,
});

test('S22, F33: a redirect is a failure and is not followed', async t => {
  const target = await receiver(t, { held: false });
  for (const status of [301, 302, 303, 307, 308]) {
    const from = await receiver(t, { held: false, answer: { status, headers: { location: target.url } } });
    assert.deepEqual(await poster(t).post(letter(from.url)), { status, retryAfter: undefined });
  }
  assert.equal(target.requests.length, 0);
});

test('F27, F28: the answer is the status, whatever becomes of the body', async t => {
  const head = (length: number) => `HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\nretry-after: 3\r\n\r\n`;
  const whole = async (url: string, ms?: number) => {
    const outcome = await poster(t, ms).post(letter(url));
    if (outcome === 'cut' || 'error' in outcome) return outcome;
    assert.deepEqual(outcome, { status: 200, retryAfter: '3' }, 'a host that is not public is not quoted');
    return undefined;
  };
  const flood = await raw(t, socket => socket.end(head(10_000_000) + 'x'.repeat(1_000_000)));
  assert.equal(await whole(flood.url), undefined);
  const broken = await raw(t, socket => socket.end(`${head(100)}x`));
  assert.equal(await whole(broken.url), undefined);
  const dripping = await raw(t, socket => {
    socket.write(head(1_000_000));
    const drip = setInterval(() => socket.write('x'), 10);
    socket.once('close', () => clearInterval(drip));
  });
  assert.equal(await whole(dripping.url, 200), undefined);
});

/** The connections that undici makes from now on. */
function connections(t: TestContext): readonly Socket[] {
  const made: Socket[] = [];
  const note = (message: unknown) => made.push((message as { socket: Socket }).socket);
  subscribe('undici:client:connected', note);
  t.after(() => unsubscribe('undici:client:connected', note));
  return made;
}

/** Writes the same again and again, as fast as it is taken, until the other side has had enough. */
function endless(socket: Socket, head: string, part: string): void {
  const more = () => {
    while (!socket.destroyed && socket.write(part));
  };
  socket.on('drain', more);
  socket.write(head);
  more();
}

test('F28: of an endless answer 64 KB are read, of endless headers 16, and its connection is closed', async t => {
  const made = connections(t);
  const part = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
  const body = await raw(t, socket =>
    endless(socket, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', part),
  );
  const outcome = await poster(t).post(letter(body.url));
  assert.deepEqual(outcome, { status: 200, retryAfter: undefined }, 'it has taken the event');
  const headers = await raw(t, socket =>
    endless(socket, 'HTTP/1.1 200 OK\r\n', `x-more: ${'x'.repeat(1_000)}\r\n`),
  );
  assert.deepEqual(await poster(t).post(letter(headers.url)), {
    ...{ error: 'connect_failed', detail: 'UND_ERR_HEADERS_OVERFLOW' },
  });
  await until(() => made.length === 2 && made.every(socket => socket.destroyed));
  // A socket is read in parts of 64 KB: what is over is no more than the last of them.
  const [ofBody, ofHeaders] = made.map(({ bytesRead }) => bytesRead);
  assert.ok(ofBody! > 64 * 1024 && ofBody! <= 128 * 1024 + 1_000, `${ofBody} of the body`);
  assert.ok(ofHeaders! <= 64 * 1024, `${ofHeaders} of the headers`);
});

test('F26: an endpoint that takes the request and says nothing has failed at the deadline', async t => {
  const silent = await raw(t, () => {});
  assert.deepEqual(await poster(t, 100).post(letter(silent.url)), {
    error: 'timeout',
    detail: 'no answer within 0.1 s',
  });
});

test('what goes wrong is told by a stable code, never by the URL', async t => {
  const post = poster(t);
  const refused = `http://127.0.0.1:${await deadPort()}/?token=hush`;
  assert.deepEqual(await post.post(letter(refused)), { error: 'connect_failed', detail: 'ECONNREFUSED' });
  assert.deepEqual(await post.post(letter('no url')), { error: 'blocked', detail: 'it is no URL' });
  const hangup = await raw(t, socket => socket.destroy());
  assert.match(JSON.stringify(await post.post(letter(hangup.url))), /"(UND_ERR_SOCKET|ECONNRESET)"/);
  const nonsense = await raw(t, socket => socket.end('nonsense\r\n\r\n'));
  assert.deepEqual(await post.post(letter(nonsense.url)), {
    error: 'connect_failed',
    detail: 'HTTPParserError',
  });
});

test('user and password in the URL become basic auth', async t => {
  const at = await receiver(t, { held: false });
  const url = at.url.replace('http://', 'http://ana:p%40ss@');
  await poster(t).post({ ...letter(url), trusted: true });
  const [{ headers, body }] = at.requests as [(typeof at.requests)[0]];
  assert.equal(headers.authorization, `Basic ${Buffer.from('ana:p@ss').toString('base64')}`);
  assert.equal(headers['user-agent'], 'cardume/1.2.3');
  assert.equal(body, '{"é":1}');
});

test('cutting ends the POSTs under way and those to come, and blames no endpoint for it', async t => {
  const silent = await raw(t, socket => {
    socket.write('HTTP/1.1 ');
    cut();
  });
  const post = poster(t);
  const cut = () => post.cut();
  assert.equal(await post.post(letter(silent.url)), 'cut');
  assert.equal(await post.post(letter(silent.url)), 'cut');
});

test('TLS is verified unless the endpoint says otherwise, and then only for that endpoint', async t => {
  const { sql } = await testDatabase(t);
  const tls = selfSigned();
  const [strict, lax] = [await receiver(t, { tls }), await receiver(t, { tls })];
  await syncGlobalEndpoints(sql, [strict.url], { skipTlsVerify: false, events: [] });
  const [one, two] = [await device(sql, 'one'), await device(sql, 'two')];
  const delivery = await deliverer(t, sql);
  const settings = endpointSettings(sql, delivery, here);
  await settings.set(one.no, { url: lax.url });
  for (const each of [one, two]) delivery.wake(await append(sql, each, 2));
  await until(async () => {
    const rows = await sql`select from lane where last_error = 'tls_failed'`;
    return rows.length === 2;
  });
  await settings.set(one.no, { url: lax.url, skipTlsVerify: true });
  await until(() => lax.delivered.length === 2);
  const [before] = await sql`select attempt from lane where device_no = ${two.no}`;
  await until(async () => {
    await hurry(sql);
    const [lane] = await sql`select attempt from lane where device_no = ${two.no}`;
    return lane!.attempt > before!.attempt;
  });
  assert.equal(strict.requests.length, 0);
});
