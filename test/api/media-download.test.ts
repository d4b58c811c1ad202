// Files that come: downloaded when somebody asks, checked, and handed out by links.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileOf, postForm } from '../support/forms.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const CARLA = '15550009999';
const file = randomBytes(200_000);

interface Downloaded {
  readonly message_id: string;
  readonly media_type: string;
  readonly mime_type: string;
  readonly filename: string;
  readonly file_path: string;
  readonly file_url: string;
  readonly file_size: number;
}

const ask = (node: TestNode, id: string, phone = CARLA) =>
  node.api<Downloaded>('GET', `/message/${id}/download?phone=${phone}`);

/** Asks until the message is in the chat store. */
const download = (node: TestNode, id: string) =>
  until(async () => {
    const answer = await ask(node, id);
    return answer.body.code === 'MESSAGE_NOT_FOUND' ? undefined : answer;
  });

test('files that come', { timeout: 500_000 }, async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  await node.simulator.createPhone({ phone: CARLA, name: 'Carla' });
  const [{ phone: to, id: device }] = node.seeded as [(typeof node.seeded)[0]];
  const send = async (query: Record<string, unknown>, bytes = file) =>
    (await node.simulator.sendMedia(CARLA, { to, kind: 'document', ...query } as never, bytes)).id;
  const got = async (query: Record<string, unknown>, bytes = file) => {
    const { status, body } = await download(node, await send(query, bytes));
    assert.equal(status, 200, body.message);
    return body.results!;
  };
  const folder = join(node.settings.DATA_DIR ?? '', 'media', 'files', String(node.device(device).no));

  await t.test('each kind is downloaded, decrypted and named', async () => {
    const seen: [string, string][] = [];
    for (const kind of ['image', 'video', 'gif', 'ptv', 'audio', 'voice', 'document', 'sticker']) {
      const bytes = randomBytes(5_000);
      const results = await got({ kind, ...(kind === 'document' && { fileName: 'a b.pdf' }) }, bytes);
      const response = await fetch(results.file_url);
      assert.equal(response.status, 200, kind);
      assert.ok(Buffer.from(await response.arrayBuffer()).equals(bytes), kind);
      assert.equal(results.file_size, bytes.length);
      seen.push([results.media_type, results.filename.replace(results.message_id, '*')]);
    }
    assert.deepEqual(seen, [
      ['image', '*.jpg'],
      ['video', '*.mp4'],
      ['video', '*.mp4'],
      ['video_note', '*.mp4'],
      ['audio', '*.m4a'],
      ['audio', '*.ogg'],
      ['document', 'a b.pdf'],
      ['sticker', '*.webp'],
    ]);
  });

  await t.test('one for one look, too; and what we sent ourselves', async () => {
    const { file_url } = await got({ kind: 'image', viewOnce: 'true' });
    assert.ok(Buffer.from(await (await fetch(file_url)).arrayBuffer()).equals(file));
    const form = { phone: CARLA, file: fileOf(file, 'ours.bin') };
    const sent = await postForm(node.node.url, '/send/file', form);
    const ours = await download(node, String(sent.results?.message_id));
    assert.equal(ours.body.results?.filename, 'ours.bin');
    const response = await fetch(ours.body.results?.file_url ?? '');
    assert.ok(Buffer.from(await response.arrayBuffer()).equals(file));
  });

  await t.test('a file is asked for once, and then kept', async () => {
    const bytes = randomBytes(4_000);
    const id = await send({}, bytes);
    await download(node, id);
    await download(node, id);
    const { blobs } = await node.simulator.call('media');
    assert.equal(blobs.at(-1)?.downloads, 1);
  });

  await t.test(
    'a link gives all of it or a range, by gowa’s path too, and says when nothing has changed',
    async () => {
      const { file_url, file_path } = await got({});
      const whole = await fetch(file_url);
      const etag = whole.headers.get('etag') ?? '';
      assert.deepEqual(
        [whole.headers.get('content-length'), whole.headers.get('accept-ranges')],
        ['200000', 'bytes'],
      );
      await whole.body?.cancel();
      const part = async (range: string, more: Record<string, string> = {}) => {
        const response = await fetch(file_url, { headers: { range, ...more } });
        const bytes = Buffer.from(await response.arrayBuffer());
        return [response.status, response.headers.get('content-range'), bytes.length] as const;
      };
      assert.deepEqual(await part('bytes=0-9'), [206, 'bytes 0-9/200000', 10]);
      assert.deepEqual(await part('bytes=-5'), [206, 'bytes 199995-199999/200000', 5]);
      assert.deepEqual(await part('bytes=199990-'), [206, 'bytes 199990-199999/200000', 10]);
      assert.deepEqual(await part('bytes=200000-'), [416, 'bytes */200000', 0]);
      assert.deepEqual(await part('bytes=0-1,5-6'), [200, null, 200_000]);
      assert.deepEqual(await part('bytes=0-9', { 'if-range': etag }), [206, 'bytes 0-9/200000', 10]);
      assert.deepEqual(await part('bytes=0-9', { 'if-range': '"other"' }), [200, null, 200_000]);
      const same = await fetch(file_url, { headers: { 'if-none-match': etag } });
      assert.deepEqual([same.status, await same.text()], [304, '']);
      const head = await fetch(file_url, { method: 'HEAD' });
      assert.deepEqual(
        [head.status, head.headers.get('content-length'), await head.text()],
        [200, '200000', ''],
      );
      const gowa = await fetch(new URL(file_path, node.node.url));
      assert.ok(Buffer.from(await gowa.arrayBuffer()).equals(file));
      const middle = await fetch(file_url, { headers: { range: 'bytes=100-199' } });
      assert.ok(Buffer.from(await middle.arrayBuffer()).equals(file.subarray(100, 200)));
    },
  );

  await t.test(
    'S34, S35: a page with a script is a file to save and nothing else, whatever it is called',
    async () => {
      const html = Buffer.from('<script>alert(1)</script>');
      const hostile = {
        fileName: `../../etc/${'x'.repeat(300)}\u202egnp.html`,
        mimetype: 'text/html',
      };
      const { file_url, filename } = await got(hostile, html);
      assert.doesNotMatch(filename, /\/|\u202e/);
      assert.equal(filename.length, 255);
      const { headers } = await fetch(file_url);
      assert.match(
        headers.get('content-disposition') ?? '',
        /^attachment; filename="x{115}\.html"; filename\*=UTF-8''x{115}\.html$/,
      );
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.match(headers.get('content-security-policy') ?? '', /^sandbox/);
      const umlaut = await got({ fileName: 'Prüfung "1"; x=y.pdf' });
      const named = (await fetch(umlaut.file_url)).headers.get('content-disposition');
      assert.equal(
        named,
        `attachment; filename="Pr_fung _1_; x=y.pdf"; filename*=UTF-8''Pr%C3%BCfung%20%221%22%3B%20x%3Dy.pdf`,
      );
      // Nothing of a name is in a path.
      for (const name of await readdir(folder)) assert.match(name, /^[0-9a-f]{64}$/);
    },
  );

  await t.test('S35: a link that was changed, or is of nothing, is refused', async () => {
    const { file_url } = await got({});
    const { pathname } = new URL(file_url);
    const [, , token = ''] = pathname.split('/');
    const [text = '', signature = ''] = token.split('.');
    const other = Buffer.from(
      Buffer.from(text, 'base64url')
        .toString()
        .replace(/^\[\d+/, '[99'),
    ).toString('base64url');
    for (const wrong of [
      `${other}.${signature}`,
      `${text}.${'A'.repeat(43)}`,
      text,
      'x',
      '%2e%2e%2fsealing.key',
    ]) {
      const response = await fetch(new URL(`/media/${wrong}`, node.node.url));
      const { code } = (await response.json()) as { code: string };
      assert.deepEqual([response.status, code], [403, 'MEDIA_LINK_INVALID'], wrong);
    }
  });

  await t.test('what is over its time is asked of the phone again, and comes', async () => {
    for (const status of [404, 410] as const) {
      const bytes = randomBytes(3_000);
      const id = await send({}, bytes);
      await node.simulator.waitForMessage(to, one => one.id === id);
      await node.simulator.call('expireMedia', { body: { phone: CARLA, id, status } });
      const { status: answered, body } = await download(node, id);
      assert.equal(answered, 200, body.message);
      assert.ok(Buffer.from(await (await fetch(body.results!.file_url)).arrayBuffer()).equals(bytes));
    }
  });

  await t.test('what the phone does not have either is gone', async () => {
    for (const params of [
      { result: 'not-found' },
      { result: 'general-error' },
      { result: 'not-found', plain: true },
    ]) {
      const id = await send({}, randomBytes(3_000));
      await node.simulator.waitForMessage(to, one => one.id === id);
      await node.simulator.call('expireMedia', { body: { phone: CARLA, id } });
      await node.simulator.arm('media.retry', { params });
      const { status, body } = await download(node, id);
      await node.simulator.disarm();
      assert.deepEqual([status, body.code], [410, 'MEDIA_GONE'], body.message);
    }
  });

  await t.test('a file that is not what was sent is never given out, and nothing of it is left', async () => {
    const before = await readdir(folder);
    for (const [fault, code] of [
      ['media.bad-mac', 'MEDIA_CORRUPT'],
      ['media.corrupt', 'MEDIA_CORRUPT'],
      ['media.wrong-length', 'MEDIA_CORRUPT'],
      ['media.truncated', 'WA_UNEXPECTED'],
      ['media.status', 'WA_UNEXPECTED'],
    ] as const) {
      const id = await send({}, randomBytes(100_000));
      await node.simulator.arm(fault);
      const { status, body } = await download(node, id);
      await node.simulator.disarm();
      assert.deepEqual([status, body.code], [502, code], `${fault}: ${body.message}`);
      assert.deepEqual(await readdir(folder), before, fault);
      assert.equal((await download(node, id)).status, 200);
      before.splice(0, before.length, ...(await readdir(folder)));
    }
  });

  await t.test('a message without a file, and one that nobody knows, are told apart', async () => {
    const { id } = await node.simulator.send(CARLA, to, 'just a text');
    const text = await download(node, id);
    assert.deepEqual([text.status, text.body.code], [404, 'MEDIA_NOT_FOUND']);
    const unknown = await ask(node, '3EB0000000000000000000');
    assert.deepEqual([unknown.status, unknown.body.code], [404, 'MESSAGE_NOT_FOUND']);
    const nowhere = await ask(node, id, 'x');
    assert.deepEqual([nowhere.status, nowhere.body.code], [400, 'INVALID_JID']);
  });

  await t.test('what is kept is the plain file, for its owner only', async () => {
    const bytes = randomBytes(2_000);
    await got({}, bytes);
    const files = await Promise.all((await readdir(folder)).map(name => readFile(join(folder, name))));
    assert.ok(files.some(kept => kept.equals(bytes)));
  });

  await t.test('a phone that does not answer is not waited for without an end', async () => {
    await node.restart({ COMMAND_SECONDS: '4' });
    await node.opened();
    const id = await send({}, randomBytes(2_500));
    await node.simulator.waitForMessage(to, one => one.id === id);
    await node.simulator.call('expireMedia', { body: { phone: CARLA, id } });
    await node.simulator.arm('media.retry-silent');
    const { status, body } = await download(node, id);
    assert.deepEqual([status, body.code], [504, 'GATEWAY_TIMEOUT']);
    assert.match(body.message, /phone.*does not answer/);
    await node.simulator.disarm();
  });

  await t.test('what was kept is still there after a restart', async () => {
    const id = await send({}, randomBytes(2_500));
    await download(node, id);
    await node.restart();
    const { body } = await download(node, id);
    assert.equal((await fetch(body.results!.file_url)).status, 200);
    const { blobs } = await node.simulator.call('media');
    assert.equal(blobs.at(-1)?.downloads, 1);
  });

  await t.test('of a device that is removed no file is left, and no link is good', async () => {
    const { file_url } = await got({});
    assert.equal((await fetch(file_url)).status, 200);
    assert.equal((await node.api('DELETE', `/devices/${device}`)).status, 200);
    assert.equal((await fetch(file_url)).status, 403);
    await assert.rejects(readdir(folder), { code: 'ENOENT' });
  });
});
