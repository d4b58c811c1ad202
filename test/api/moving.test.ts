import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/errors.ts';
import type { Moving } from '../../src/supervisor/devices.ts';
import { createApi } from '../support/api.ts';

const HEADER = 'x-archive-passphrase';
const passphrase = 'correct horse battery';

function api() {
  const asked: unknown[][] = [];
  let failure: Failure | undefined;
  const moving: Moving = {
    async export(...args) {
      asked.push(['export', ...args]);
      if (failure) throw failure;
      return Buffer.from('the archive');
    },
    async import(...args) {
      asked.push(['import', ...args]);
      if (failure) throw failure;
      return devices.find('sales')!;
    },
    async takeBack(...args) {
      asked.push(['take back', ...args]);
      return devices.find('sales')!;
    },
  };
  const { app, devices, logged } = createApi({ moving });
  devices.add('sales');
  const post = (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
    path = '/devices/import',
  ) =>
    app.request(path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/octet-stream', [HEADER]: passphrase, ...headers },
    });
  const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;
  const fail = (wrong: Failure) => {
    failure = wrong;
  };
  return { app, devices, asked, post, codeOf, logged, fail };
}

test('an archive comes as a file under the name of its device, by id or JID, and the passphrase is not logged', async () => {
  const { app, devices, asked, logged } = api();
  const response = await app.request('/devices/sales/export', { headers: { [HEADER]: passphrase } });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), 'the archive');
  assert.equal(response.headers.get('content-type'), 'application/octet-stream');
  assert.equal(response.headers.get('content-disposition'), 'attachment; filename="sales.cardume"');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  await app.request(`/devices/${devices.find('sales')!.jid}/export`, {
    headers: { [HEADER]: encodeURIComponent('senha com acentuação') },
  });
  assert.deepEqual(asked, [
    ['export', 'sales', passphrase],
    ['export', 'sales', 'senha com acentuação'],
  ]);
  assert.ok(!JSON.stringify(logged).includes(passphrase));
});

test('without a passphrase, with a short one or one that is not encoded nothing is asked of the device', async () => {
  const { app, asked, post, codeOf } = api();
  for (const wrong of [undefined, '', 'elevenchars', '%E0%A4%A']) {
    const headers: Record<string, string> = wrong === undefined ? {} : { [HEADER]: wrong };
    const got = await app.request('/devices/sales/export', { headers });
    assert.equal(got.status, 400, String(wrong));
    const answer = (await got.json()) as { code: string; message: string; results: object };
    assert.equal(answer.code, 'VALIDATION_ERROR');
    assert.deepEqual(answer.results, { field: 'X-Archive-Passphrase' });
    if (wrong) assert.equal(await codeOf(await post('x', { [HEADER]: wrong })), 'VALIDATION_ERROR');
  }
  assert.deepEqual(asked, []);
});

test('an import takes the body as bytes and another id when one is given', async () => {
  const { asked, post } = api();
  const bytes = Buffer.from([0, 1, 255, 128, 10]);
  const response = await post(bytes);
  assert.equal(response.status, 200);
  const { message, results } = (await response.json()) as { message: string; results: { id: string } };
  assert.deepEqual([message, results.id], ['Device imported', 'sales']);
  await post(bytes, {}, '/devices/import?device_id=other');
  assert.deepEqual(
    asked.map(([what, body, word, id]) => [what, Buffer.from(body as Uint8Array).toString('hex'), word, id]),
    [
      ['import', '0001ff800a', passphrase, undefined],
      ['import', '0001ff800a', passphrase, 'other'],
    ],
  );
});

test('what an import cannot use is refused by its code', async () => {
  const { post, codeOf, fail, asked } = api();
  const coded = async (promise: Promise<Response> | Response) => {
    const response = await promise;
    return [response.status, await codeOf(response)];
  };
  assert.deepEqual(await coded(post('{}', { 'content-type': 'application/json' })), [
    415,
    'UNSUPPORTED_MEDIA_TYPE',
  ]);
  assert.deepEqual(await coded(post('x', { 'content-encoding': 'gzip' })), [415, 'UNSUPPORTED_MEDIA_TYPE']);
  assert.deepEqual(await coded(post('x', {}, '/devices/import?device_id=a%2Fb')), [400, 'INVALID_DEVICE_ID']);
  assert.deepEqual(await coded(post('x', { 'content-length': String(65 * 1024 * 1024) })), [
    413,
    'PAYLOAD_TOO_LARGE',
  ]);
  assert.deepEqual(asked, []);
  for (const code of ['ARCHIVE_INVALID', 'ARCHIVE_LOCKED', 'DEVICE_EXISTS'] as const) {
    fail(new Failure(code));
    assert.equal(await codeOf(await post('x')), code);
  }
});

test('a device is taken back by its own route', async () => {
  const { app, asked } = api();
  assert.equal((await app.request('/devices/sales/take-back', { method: 'POST' })).status, 200);
  assert.equal((await app.request('/devices/nobody/take-back', { method: 'POST' })).status, 404);
  assert.deepEqual(asked, [['take back', 'sales']]);
});
