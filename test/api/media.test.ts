// Files through a whole node: each kind arrives at a contact decrypted and as it was given.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { type FormValue, fileOf, postForm } from '../support/forms.ts';
import { startNode, type TestNode } from '../support/node.ts';
import * as samples from '../support/samples.ts';

const CARLA = '15550009999';

interface Arrived {
  /** The message of the kind, in whatever envelope. */
  readonly content: Record<string, unknown>;
  readonly envelope: string;
  readonly type: string;
  readonly file: Buffer;
  readonly whole: Record<string, unknown>;
}

const envelopes = [
  'viewOnceMessage',
  'viewOnceMessageV2',
  'viewOnceMessageV2Extension',
  'documentWithCaptionMessage',
];

/** What Carla got under this id. */
async function arrived(node: TestNode, id: string): Promise<Arrived> {
  const { message = {} } = await node.simulator.waitForMessage(CARLA, one => one.id === id);
  const envelope = envelopes.find(name => name in message) ?? '';
  const inner = (envelope ? (message[envelope] as { message: object }).message : message) as Record<
    string,
    unknown
  >;
  const type = Object.keys(inner).find(name => name.endsWith('Message')) ?? '';
  return {
    envelope,
    type,
    content: inner[type] as Record<string, unknown>,
    whole: message,
    file: Buffer.from(await node.simulator.fetchMedia(CARLA, id)),
  };
}

/** A web server on this machine with one file. */
async function fileServer(t: TestContext, bytes: Buffer, type: string) {
  const server = createServer((request, response) => {
    if (request.url === '/moved') response.writeHead(302, { location: '/picture.png' }).end();
    else if (request.url === '/inside')
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end();
    else if (request.url === '/packed') response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes);
    else if (request.url === '/gone') response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': type }).end(bytes);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('files', { skip: samples.noFfmpeg, timeout: 500_000 }, async t => {
  const node = await startNode(t, {
    devices: 1,
    workers: 1,
    settings: { URL_ALLOW: '127.0.0.1', MAX_IMAGE_MB: '2' },
  });
  await node.opened();
  await node.simulator.createPhone({ phone: CARLA, name: 'Carla' });
  const post = (path: string, fields: Record<string, FormValue>) =>
    postForm(node.node.url, path, { phone: CARLA, ...fields });
  const sent = async (path: string, fields: Record<string, FormValue>) => {
    const { status, message, results } = await post(path, fields);
    assert.equal(status, 200, message);
    assert.equal(message, results?.status);
    return arrived(node, String(results?.message_id));
  };
  const picture = await samples.png({ width: 300, height: 200 });
  const film = await samples.mp4();
  const song = await samples.mp3();

  await t.test('a picture arrives as it is with its caption, size and thumbnail', async () => {
    const fields = { image: fileOf(picture, 'a.png', 'image/png'), caption: 'olá 🐟', compress: false };
    const { type, content, file } = await sent('/send/image', fields);
    assert.ok(file.equals(picture));
    assert.equal(type, 'imageMessage');
    const { caption, mimetype, width, height, jpegThumbnail } = content;
    assert.deepEqual([caption, mimetype, width, height], ['olá 🐟', 'image/png', 300, 200]);
    const thumbnail = await sharp(Buffer.from(String(jpegThumbnail), 'base64')).metadata();
    assert.deepEqual([thumbnail.format, thumbnail.width], ['jpeg', 100]);
  });

  await t.test('a picture is compressed unless that is declined', async () => {
    const large = await samples.jpeg({ width: 2000, height: 1000 });
    const { content, file } = await sent('/send/image', { image: fileOf(large) });
    const { format, width, height } = await sharp(file).metadata();
    assert.deepEqual([format, width, height], ['jpeg', 1600, 800]);
    assert.deepEqual([content.mimetype, content.width], ['image/jpeg', 1600]);
    const hd = await sent('/send/image', { image: fileOf(large), hd: true, compress: false });
    assert.equal((await sharp(hd.file).metadata()).width, 2000);
  });

  await t.test('pictures, videos and voice notes can be for one look', async () => {
    const fields = { view_once: true };
    for (const [path, file] of [
      ['/send/image', { image: fileOf(picture) }],
      ['/send/video', { video: fileOf(film) }],
      ['/send/audio', { audio: fileOf(await samples.voiceNote()), ptt: true }],
    ] as const) {
      const { envelope, content } = await sent(path, { ...fields, ...file });
      assert.match(envelope, /^viewOnceMessage/, path);
      assert.equal(content.viewOnce, true, path);
    }
  });

  await t.test('a video arrives as it is with its length; as a GIF it plays by itself', async () => {
    const { type, content, file } = await sent('/send/video', { video: fileOf(film), caption: 'look' });
    assert.ok(file.equals(film));
    const { caption, mimetype, width, height, seconds } = content;
    assert.deepEqual(
      [type, caption, mimetype, width, height],
      ['videoMessage', 'look', 'video/mp4', 320, 240],
    );
    assert.ok(Number(seconds) >= 2);
    const gif = await sent('/send/video', { video: fileOf(await samples.movingGif()), gif_playback: true });
    assert.deepEqual([gif.content.gifPlayback, gif.content.mimetype], [true, 'video/mp4']);
  });

  await t.test('a video note is round', async () => {
    const { type, file } = await sent('/send/video-note', { video: fileOf(film) });
    assert.equal(type, 'ptvMessage');
    assert.ok(file.equals(film));
  });

  await t.test('a sound arrives as it is; as a voice note it is Opus with a waveform', async () => {
    const plain = await sent('/send/audio', { audio: fileOf(song, 'a.mp3', 'audio/mpeg') });
    assert.ok(plain.file.equals(song));
    const { mimetype, seconds, ptt = false } = plain.content;
    assert.deepEqual([plain.type, mimetype, seconds, ptt], ['audioMessage', 'audio/mpeg', 3, false]);
    const { content, file } = await sent('/send/audio', { audio: fileOf(song), ptt: true });
    assert.deepEqual([content.ptt, content.mimetype, content.seconds], [true, 'audio/ogg; codecs=opus', 3]);
    assert.equal(Buffer.from(String(content.waveform), 'base64').length, 64);
    assert.ok(file.includes('OpusHead'));
  });

  await t.test('S34: a document arrives as it is, under its name alone', async () => {
    const bytes = Buffer.from('%PDF-1.7\nnot much of a document');
    const named = await sent('/send/file', {
      file: fileOf(bytes, '../../etc/relatório.pdf'),
      caption: 'the report',
    });
    assert.ok(named.file.equals(bytes));
    const { fileName, mimetype, caption } = named.content;
    assert.deepEqual([fileName, mimetype, caption], ['relatório.pdf', 'application/pdf', 'the report']);
    const given = await sent('/send/file', {
      file: fileOf(bytes, 'x', 'text/x-log'),
      file_name: 'server.log',
    });
    assert.deepEqual([given.content.fileName, given.content.mimetype], ['server.log', 'text/x-log']);
  });

  await t.test('a picture becomes a sticker, a GIF a moving one', async () => {
    const still = await sent('/send/sticker', { sticker: fileOf(picture) });
    const { format, width, height } = await sharp(still.file).metadata();
    assert.deepEqual([still.type, format, width, height], ['stickerMessage', 'webp', 512, 512]);
    assert.deepEqual([still.content.mimetype, still.content.isAnimated ?? false], ['image/webp', false]);
    const moving = await sent('/send/sticker', { sticker: fileOf(await samples.movingGif()) });
    assert.equal(moving.content.isAnimated, true);
  });

  await t.test('an album is a frame and its pictures and videos, which name it', async () => {
    const before = (await node.simulator.messages(CARLA)).length;
    const files = [fileOf(picture), fileOf(film), fileOf(picture)];
    const { status, message, results } = await post('/send/album', { files, caption: 'our trip' });
    assert.equal(status, 200, message);
    const got = (await node.simulator.messages(CARLA)).slice(before);
    assert.equal(got[0]?.id, results?.message_id);
    assert.deepEqual(got[0]?.message?.albumMessage, { expectedImageCount: 2, expectedVideoCount: 1 });
    assert.deepEqual(
      got.slice(1).map(({ type, text }) => [type, text]),
      [
        ['image', 'our trip'],
        ['video', ''],
        ['image', ''],
      ],
    );
    for (const { message = {} } of got.slice(1)) {
      const { messageAssociation } = message.messageContextInfo as {
        messageAssociation?: { parentMessageKey?: { id?: string } };
      };
      assert.equal(messageAssociation?.parentMessageKey?.id, results?.message_id);
    }
  });

  await t.test('S29: a file can be named by URL; the guard goes with every hop', async () => {
    const base = await fileServer(t, picture, 'image/png');
    const send = (image_url: string) =>
      node.api<{ message_id: string; field?: string }>('POST', '/send/image', {
        phone: CARLA,
        image_url,
        compress: false,
      });
    for (const path of ['/picture.png', '/moved']) {
      const { status, body } = await send(base + path);
      assert.equal(status, 200, body.message);
      assert.ok((await arrived(node, String(body.results?.message_id))).file.equals(picture));
    }
    const document = await node.api<{ message_id: string }>('POST', '/send/file', {
      phone: CARLA,
      file_url: `${base}/folder/picture%20one.png?x=1`,
    });
    const { content } = await arrived(node, String(document.body.results?.message_id));
    assert.deepEqual([content.fileName, content.mimetype], ['picture one.png', 'image/png']);
    const refused: [string, number, string, RegExp][] = [
      [`${base}/inside`, 400, 'URL_FORBIDDEN', /^image_url: .*not public/],
      ['http://169.254.169.254/latest/meta-data', 400, 'URL_FORBIDDEN', /not public/],
      ['file:///etc/passwd', 400, 'URL_FORBIDDEN', /only http and https/],
      [`${base}/packed`, 422, 'URL_FAILED', /compressed/],
      [`${base}/gone`, 422, 'URL_FAILED', /answers 404/],
      ['http://127.0.0.1:1/', 422, 'URL_FAILED', /cannot be reached/],
    ];
    for (const [url, status, code, message] of refused) {
      const answer = await send(url);
      assert.deepEqual([answer.status, answer.body.code], [status, code], url);
      assert.match(answer.body.message, message);
      assert.equal(answer.body.results?.field, 'image_url');
    }
  });

  await t.test(
    'what is missing, too large, empty or of another kind is refused by name, and nothing is sent',
    async () => {
      const before = (await node.simulator.messages(CARLA)).length;
      const large = Buffer.alloc(2_000_001, 1);
      const refused: [string, Record<string, FormValue>, number, string, RegExp][] = [
        [
          '/send/image',
          {},
          400,
          'VALIDATION_ERROR',
          /^image: send a file in a multipart form, or image_url\.$/,
        ],
        [
          '/send/image',
          { image: fileOf(Buffer.alloc(0), 'a.png') },
          400,
          'VALIDATION_ERROR',
          /^image: the file is empty/,
        ],
        [
          '/send/image',
          { image: [fileOf(picture), fileOf(picture)] },
          400,
          'VALIDATION_ERROR',
          /^image: .*at most 1/,
        ],
        [
          '/send/image',
          { image: fileOf(large) },
          413,
          'PAYLOAD_TOO_LARGE',
          /^image: the file is larger than 2 MB\.$/,
        ],
        ['/send/image', { image: fileOf(song) }, 415, 'UNSUPPORTED_MEDIA_TYPE', /^image: .*got audio\/mpeg/],
        [
          '/send/video',
          { video: fileOf(picture) },
          415,
          'UNSUPPORTED_MEDIA_TYPE',
          /^video: .*got image\/png/,
        ],
        [
          '/send/audio',
          { audio: fileOf(picture) },
          415,
          'UNSUPPORTED_MEDIA_TYPE',
          /^audio: .*got image\/png/,
        ],
        ['/send/sticker', { sticker: fileOf(song) }, 415, 'UNSUPPORTED_MEDIA_TYPE', /^sticker: /],
        ['/send/file', { caption: 'x' }, 400, 'VALIDATION_ERROR', /^file: /],
        ['/send/album', { files: [fileOf(picture)] }, 400, 'VALIDATION_ERROR', /^files: .*from 2 to 30/],
        ['/send/image', { image: fileOf(picture), phone: 'x' }, 400, 'INVALID_JID', /^phone: /],
        [
          '/send/image',
          { image: fileOf(picture), caption: fileOf(picture) },
          400,
          'VALIDATION_ERROR',
          /^caption: .*a file/,
        ],
      ];
      for (const [path, fields, status, code, message] of refused) {
        const answer = await post(path, fields);
        assert.deepEqual([answer.status, answer.code], [status, code], answer.message);
        assert.match(answer.message, message);
      }
      assert.equal((await node.simulator.messages(CARLA)).length, before);
    },
  );

  await t.test('no file of a request is left when it is answered', async () => {
    const spool = join(node.settings.DATA_DIR ?? '', 'media', 'spool');
    const [own = ''] = await readdir(spool);
    assert.deepEqual(await readdir(join(spool, own)), []);
  });

  await t.test('the limits are told', async () => {
    const { body } = await node.api<Record<string, number>>('GET', '/app/info');
    const { max_image_size, max_file_size, max_video_size } = body.results ?? {};
    assert.deepEqual([max_image_size, max_file_size, max_video_size], [2_000_000, 50_000_000, 100_000_000]);
  });

  await t.test('a host without ffmpeg is ready, says what does not work, and answers so', async () => {
    const ready = async () => (await fetch(new URL('/ready', node.node.url))).json();
    assert.deepEqual(await ready(), { ready: true });
    await node.restart({ FFMPEG: '/nowhere/ffmpeg' });
    await node.opened();
    const told = (await ready()) as { ready: boolean; notes: string[] };
    assert.equal(told.ready, true);
    assert.match(told.notes.join(), /no ffmpeg at \/nowhere\/ffmpeg/);
    const note = await post('/send/audio', { audio: fileOf(song), ptt: true });
    assert.deepEqual([note.status, note.code], [501, 'FFMPEG_MISSING']);
    assert.match(note.message, /no ffmpeg/);
    const { file, content } = await sent('/send/video', { video: fileOf(film) });
    assert.ok(file.equals(film));
    assert.equal(content.jpegThumbnail ?? '', '');
  });
});
