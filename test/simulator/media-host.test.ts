// The media host as HTTP: what any client may ask of it, and what it refuses.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { deflateSync } from 'node:zlib';
import { type BinaryNode, downloadExternalBlob, downloadHistory, proto } from '@whiskeysockets/baileys';
import { clientOptions, type SimulatorOptions } from '../../src/simulator/index.ts';
import { encryptMedia } from '../../src/simulator/media/cipher.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

interface Uploaded {
  readonly url: string;
  readonly direct_path: string;
  readonly handle?: string;
  readonly fbid?: string;
  readonly meta_hmac?: string;
  readonly ts?: number;
  readonly resume?: string;
  readonly error?: string;
}

const tokenOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url');

/** A simulator, what `<media_conn/>` says to a client, and requests with that client's token. */
async function mediaHost(t: TestContext, settings: SimulatorOptions = {}) {
  const server = await simulator(t, settings);
  const config = clientOptions(server);
  const { dispatcher } = config.options;
  t.after(() => dispatcher.destroy());
  const [alice] = await linkedClients(t, server, { count: 1 }, config);
  assert.ok(alice);
  const answer = (await alice.sock.query({
    tag: 'iq',
    attrs: { type: 'set', xmlns: 'w:m', to: '@s.whatsapp.net' },
    content: [{ tag: 'media_conn', attrs: {} }],
  })) as BinaryNode;
  const [mediaConn] = answer.content as BinaryNode[];
  assert.ok(mediaConn);
  const auth = mediaConn.attrs.auth ?? '';
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(server.mediaUrl + path, { ...init, dispatcher });
  const upload = async (bytes: Buffer, { path = '/mms/image', query = '', token = tokenOf(bytes) } = {}) => {
    const response = await ask(`${path}/${token}?auth=${encodeURIComponent(auth)}&token=${token}${query}`, {
      method: 'POST',
      body: new Uint8Array(bytes),
    });
    return { status: response.status, ...((await response.json()) as Uploaded) };
  };
  return { server, alice, mediaConn, auth, ask, upload, options: config.options };
}

test('media_conn has what strict clients require, and a host per name that the simulator was given', async t => {
  const { mediaConn, server } = await mediaHost(t, { hostNames: ['127.0.0.1', 'localhost'] });
  const { auth, ttl, auth_ttl, max_buckets } = mediaConn.attrs;
  assert.ok(auth && Number(ttl) > 0 && Number(auth_ttl) > 0 && Number(max_buckets) > 0);
  const hosts = (mediaConn.content as BinaryNode[]).map(({ tag, attrs }) => [
    tag,
    attrs.hostname,
    attrs.type,
  ]);
  const port = new URL(server.mediaUrl).port;
  assert.deepEqual(hosts, [
    ['host', `127.0.0.1:${port}`, 'primary'],
    ['host', `localhost:${port}`, 'fallback'],
  ]);
});

test('every path that clients upload to takes bytes and gives them back', async t => {
  const { ask, upload } = await mediaHost(t);
  const mms = ['image', 'video', 'gif', 'ptv', 'audio', 'ptt', 'document', 'sticker', 'sticker-pack'];
  const thumbnails = ['sticker-pack', 'link', 'image', 'video', 'document'].map(one => `thumbnail-${one}`);
  const paths = [
    ...[...mms, ...thumbnails, 'md-app-state', 'md-msg-hist'].map(type => `/mms/${type}`),
    ...['image', 'video', 'audio', 'ptt', 'document', 'sticker'].map(
      type => `/newsletter/newsletter-${type}`,
    ),
    '/product/image',
    '/pps/biz-cover-photo',
    '',
  ];
  for (const path of paths) {
    const bytes = randomBytes(100);
    const { url, direct_path, handle, fbid, meta_hmac, ts } = await upload(bytes, { path });
    assert.ok(url?.endsWith(direct_path), path);
    // whatsmeow appends parameters with `&`.
    assert.match(direct_path, /\?/);
    assert.equal(handle !== undefined, path.startsWith('/newsletter'));
    // What Baileys' updateCoverPhoto hands on.
    assert.equal(Boolean(fbid && meta_hmac && ts), path === '/pps/biz-cover-photo');
    const got = await ask(`${direct_path}&hash=${tokenOf(bytes)}%3D&mms-type=image&__wa-mms=`);
    assert.deepEqual([got.status, tokenOf(Buffer.from(await got.arrayBuffer()))], [200, tokenOf(bytes)]);
  }
  assert.equal((await upload(randomBytes(9), { path: '/mms/nothing' })).status, 404);
});

test('a range, the head and conditions of a download', async t => {
  const { ask, upload } = await mediaHost(t);
  const bytes = randomBytes(1_000);
  const { direct_path } = await upload(bytes);
  const part = async (range: string) => {
    const response = await ask(direct_path, { headers: { range } });
    const body = Buffer.from(await response.arrayBuffer());
    return { status: response.status, contentRange: response.headers.get('content-range'), body };
  };
  for (const [range, start, end] of [
    ['bytes=0-99', 0, 100],
    ['bytes=900-', 900, 1_000],
    ['bytes=-10', 990, 1_000],
    ['bytes=990-5000', 990, 1_000],
  ] as const) {
    const { status, contentRange, body } = await part(range);
    assert.deepEqual([status, contentRange], [206, `bytes ${start}-${end - 1}/1000`]);
    assert.ok(body.equals(bytes.subarray(start, end)));
  }
  const beyond = await part('bytes=1000-');
  assert.deepEqual([beyond.status, beyond.contentRange], [416, 'bytes */1000']);
  assert.equal((await part('lines=1-2')).status, 200);
  const head = await ask(direct_path, { method: 'HEAD' });
  assert.deepEqual(
    [head.status, head.headers.get('content-length'), head.headers.get('content-type')],
    [200, '1000', 'application/octet-stream'],
  );
  assert.equal((await ask(`${direct_path}&hash=${tokenOf(randomBytes(3))}`)).status, 404);
  assert.equal((await ask('/v/t62.7118-24/nothing.enc?ccb=1')).status, 404);
  assert.equal((await ask(direct_path, { method: 'PATCH' })).status, 405);
});

test('an upload needs the token of media_conn and must be what its name says', async t => {
  const { ask, upload, auth } = await mediaHost(t);
  const bytes = randomBytes(50);
  const token = tokenOf(bytes);
  const post = async (query: string) =>
    (await ask(`/mms/image/${token}?${query}`, { method: 'POST', body: 'x' })).status;
  assert.equal(await post(''), 401);
  assert.equal(await post('auth=guessed'), 401);
  const [said] = auth.split('.');
  assert.equal(await post(`auth=${said}.${randomBytes(32).toString('base64url')}`), 401);
  assert.equal((await upload(bytes, { token: tokenOf(randomBytes(1)) })).status, 400);
  assert.equal((await upload(Buffer.alloc(0))).status, 400);
  assert.equal((await upload(bytes)).status, 200);
});

test('a large upload that was cut off goes on where it stopped', async t => {
  const { server, upload, auth } = await mediaHost(t);
  const bytes = randomBytes(6_000_000);
  const token = tokenOf(bytes);
  const progress = async () => (await upload(Buffer.alloc(0), { token, query: '&resume=1' })).resume;
  assert.equal(await progress(), '0');
  const cut = httpsRequest(`${server.mediaUrl}/mms/video/${token}?auth=${auth}&token=${token}`, {
    ca: server.caCertificate,
    method: 'POST',
    headers: { 'content-length': bytes.length },
  });
  cut.on('error', () => {});
  cut.write(bytes.subarray(0, 2_000_000), () => cut.destroy());
  const offset = Number(await until(async () => (await progress()) !== '0' && (await progress())));
  assert.ok(offset > 0 && offset <= 2_000_000, `${offset} bytes`);
  assert.equal((await upload(bytes.subarray(1), { token, query: '&file_offset=1' })).status, 409);
  const rest = await upload(bytes.subarray(offset), { token, query: `&file_offset=${offset}` });
  assert.equal(rest.status, 200);
  const done = await upload(Buffer.alloc(0), { token, query: '&resume=1' });
  assert.deepEqual([done.resume, done.direct_path], ['complete', rest.direct_path]);
});

test('an upload beyond the budget is refused with 413, and within it the oldest media makes room', async t => {
  const { ask, upload } = await mediaHost(t, { mediaBudget: 1_000_000 });
  const large = randomBytes(1_000_001);
  assert.equal((await upload(large)).status, 413);
  const first = await upload(randomBytes(400_000));
  const second = await upload(randomBytes(400_000));
  const third = await upload(randomBytes(400_000));
  const statuses = [first, second, third].map(async ({ direct_path }) => (await ask(direct_path)).status);
  assert.deepEqual(await Promise.all(statuses), [404, 200, 200]);
});

test('a client deletes a blob that it has processed, as whatsmeow does with history', async t => {
  const { ask, upload, auth } = await mediaHost(t);
  const bytes = randomBytes(80);
  const { direct_path } = await upload(bytes, { path: '/mms/md-msg-hist' });
  const path = Buffer.from(direct_path.split('?')[0] ?? '').toString('base64url');
  const remove = async (query: string) =>
    (await ask(`/mms/md-msg-hist/${tokenOf(bytes)}?${query}`, { method: 'DELETE' })).status;
  assert.equal(await remove(`d_md=${path}`), 401);
  assert.equal(await remove(`auth=${auth}`), 404);
  assert.equal(await remove(`d_md=${path}&auth=${auth}`), 200);
  assert.equal((await ask(direct_path)).status, 404);
});

test('media survives a restart on the same state file', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-media-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const stateFile = join(folder, 'state.json');
  const first = await mediaHost(t, { stateFile });
  const bytes = randomBytes(3_000);
  const { direct_path } = await first.upload(bytes);
  const lost = await first.upload(randomBytes(3_000));
  await first.server.stop();
  // One file is gone, and one is there that nobody knows: an upload that a kill interrupted.
  const kept = await readdir(`${stateFile}.media`);
  const contents = await Promise.all(kept.map(name => readFile(`${stateFile}.media/${name}`)));
  await rm(`${stateFile}.media/${kept.find((_, index) => !contents[index]?.equals(bytes))}`);
  await writeFile(`${stateFile}.media/${'0'.repeat(32)}`, 'half an upload');
  const second = await mediaHost(t, { stateFile });
  const got = await second.ask(direct_path);
  assert.ok(bytes.equals(Buffer.from(await got.arrayBuffer())));
  assert.equal((await second.ask(lost.direct_path)).status, 404);
  assert.equal((await readdir(`${stateFile}.media`)).length, 1);
  await second.server.stop();
});

test('whatever is asked of the media host is answered with a status, and it goes on', async t => {
  const { server, auth, upload } = await mediaHost(t);
  const token = tokenOf(Buffer.from('x'));
  const statusOf = (path: string, method = 'GET', headers = {}) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port } = new URL(server.mediaUrl);
      const options = { hostname, port, path, method, headers, ca: server.caCertificate };
      const request = httpsRequest(options, response => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', reject);
      request.end(method === 'POST' ? 'x' : undefined);
    });
  const query = `auth=${encodeURIComponent(auth)}&token=${token}`;
  assert.equal(await statusOf('//'), 404);
  assert.equal(await statusOf('@elsewhere/'), 400);
  assert.equal(await statusOf(`/v/${'a'.repeat(10_000)}`), 404);
  assert.equal(await statusOf('/v/../../etc/passwd'), 404);
  assert.equal(await statusOf('/v/%'), 404);
  assert.equal(await statusOf(`/mms/image/${token}?${query}&file_offset=-5`, 'POST'), 200);
  assert.equal(await statusOf(`/mms/image/${token}?${query}&file_offset=1e999`, 'POST'), 413);
  assert.equal(await statusOf(`/mms/image/${token}?${query}&file_offset=nothing`, 'POST'), 200);
  assert.equal(await statusOf(`/mms/__proto__/${token}?${query}`, 'POST'), 404);
  assert.equal(await statusOf(`/mms/image/${token}?${query}`, 'DELETE'), 404);
  assert.equal((await upload(randomBytes(10))).status, 200);
});

test('blobs of history and of app state name no host, and Baileys gets them from the simulator all the same', async t => {
  const { upload, options } = await mediaHost(t);
  const plain = proto.HistorySync.encode({
    syncType: proto.HistorySync.HistorySyncType.RECENT,
    progress: 42,
  }).finish();
  const history = encryptMedia(deflateSync(plain), 'md-msg-hist');
  const { direct_path: historyPath } = await upload(history.bytes, { path: '/mms/md-app-state' });
  const { progress } = await downloadHistory({ ...history, directPath: historyPath }, options);
  assert.equal(progress, 42);

  const mutations = randomBytes(5_000);
  const state = encryptMedia(mutations, 'md-app-state');
  const { direct_path: directPath } = await upload(state.bytes, { path: '' });
  assert.ok(mutations.equals(await downloadExternalBlob({ ...state, directPath }, options)));
});
