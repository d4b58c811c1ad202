// The process that looks into files, with real files.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import sharp from 'sharp';
import { Guard } from '../../src/lib/guard.ts';
import { Media } from '../../src/media/media.ts';
import type { Upload } from '../../src/media/port.ts';
import { Transformer } from '../../src/media/transform.ts';
import * as samples from '../support/samples.ts';

const skip = samples.noFfmpeg;
const limits = { image: 1e6, video: 1e6, audio: 1e6, file: 1e6, url: 1e6 };
const log = pino({ level: 'silent' });
const memory = 512 * 1_048_576;

async function station(t: TestContext, ffmpeg = 'ffmpeg') {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-media-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const media = new Media({
    folder,
    limits,
    ffmpeg,
    memory,
    guard: new Guard(),
    kept: { maxBytes: 1e9, maxAgeMs: 3_600_000, linkMs: 300_000 },
    log,
  });
  await media.start();
  t.after(() => media.stop());
  const batch = media.batch();
  const upload = async (bytes: Buffer | Promise<Buffer>, mimetype = ''): Promise<Upload> => {
    const path = batch.place();
    await writeFile(path, await bytes);
    return { path, bytes: (await bytes).length, mimetype };
  };
  return { media, upload, batch, folder };
}

const sizeOf = async (bytes: string | Uint8Array) => {
  const { format, width, height } = await sharp(bytes).metadata();
  return [format, width, height];
};
const plain = { field: 'file', compress: false, hd: false };

test('a picture becomes a square JPEG, cut and not stretched, and is gone with its batch', async t => {
  const { media, upload, batch } = await station(t);
  const file = await upload(samples.png({ width: 900, height: 300 }));
  const { path, bytes } = await media.square(file, batch, { field: 'avatar', edge: 640 });
  assert.deepEqual(await sizeOf(path), ['jpeg', 640, 640]);
  assert.equal((await readFile(path)).length, bytes);
  await batch.end();
  await assert.rejects(readFile(path), { code: 'ENOENT' });
});

test('a picture that is compressed has at most 1600 pixels, 2560 in HD, and is never made larger', async t => {
  const { media, upload, batch } = await station(t);
  const large = await upload(samples.jpeg({ width: 3000, height: 1500 }));
  const compressed = await media.picture(large, batch, { ...plain, compress: true });
  assert.deepEqual(await sizeOf(compressed.path), ['jpeg', 1600, 800]);
  assert.deepEqual([compressed.width, compressed.height, compressed.mimetype], [1600, 800, 'image/jpeg']);
  assert.deepEqual(await sizeOf(compressed.thumbnail!), ['jpeg', 100, 50]);
  const hd = await media.picture(large, batch, { ...plain, compress: true, hd: true });
  assert.deepEqual([hd.width, hd.height], [2560, 1280]);
  const small = await upload(samples.png({ width: 60, height: 90 }));
  const kept = await media.picture(small, batch, { ...plain, compress: true });
  assert.deepEqual([kept.width, kept.height], [60, 90]);
});

test('a picture that is not compressed stays as it is, unless no phone could show it', async t => {
  const { media, upload, batch } = await station(t);
  const file = await upload(samples.png({ width: 300, height: 200 }));
  const { path, bytes, mimetype, width, height, thumbnail } = await media.picture(file, batch, plain);
  assert.deepEqual([path, bytes, mimetype, width, height], [file.path, file.bytes, 'image/png', 300, 200]);
  assert.deepEqual(await sizeOf(thumbnail!), ['jpeg', 100, 67]);
  const webp = await media.picture(await upload(samples.webp({ width: 30, height: 20 })), batch, plain);
  assert.deepEqual(await sizeOf(webp.path), ['jpeg', 30, 20]);
});

test('what is no picture is refused by its bytes, whatever it is called', async t => {
  const { media, upload, batch } = await station(t);
  const pdf = { ...(await upload(Buffer.from('%PDF-1.7 …'), 'image/png')), filename: 'a.png' };
  for (const made of [
    () => media.square(pdf, batch, { field: 'file', edge: 64 }),
    () => media.picture(pdf, batch, plain),
    () => media.sticker(pdf, batch, plain),
  ])
    await assert.rejects(made, {
      code: 'UNSUPPORTED_MEDIA_TYPE',
      message: /^file: expected a picture .*, got application\/pdf\.$/,
    });
  await assert.rejects(media.sound(pdf, batch, { field: 'file', voice: true }), {
    message: /^file: expected a sound .* or a video .*, got application\/pdf\.$/,
  });
});

test('S33: a picture that breaks what looks into it is sent without a thumbnail, or refused where it must be converted', async t => {
  const { media, upload, batch } = await station(t);
  const png = await samples.png({ width: 50, height: 50 });
  const broken = await upload(Buffer.concat([png.subarray(0, 60), randomBytes(500)]));
  const sent = await media.picture(broken, batch, { ...plain, compress: true });
  assert.deepEqual(sent, { path: broken.path, bytes: broken.bytes, mimetype: 'image/png' });
  await assert.rejects(media.square(broken, batch, { field: 'file', edge: 64 }), {
    code: 'MEDIA_UNREADABLE',
  });
  // A few bytes that say that they are 60,000 x 60,000 pixels.
  const bomb = Buffer.from(png);
  bomb.writeUInt32BE(60_000, 16);
  bomb.writeUInt32BE(60_000, 20);
  const huge = await media.picture(await upload(bomb), batch, { ...plain, compress: true });
  assert.equal(huge.thumbnail, undefined);
});

test('a picture becomes a sticker that fits, a moving one moves', async t => {
  const { media, upload, batch } = await station(t);
  const still = await media.sticker(await upload(samples.jpeg({ width: 300, height: 100 })), batch, plain);
  assert.deepEqual([...(await sizeOf(still.path)), still.animated], ['webp', 512, 512, false]);
  const moving = await media.sticker(await upload(samples.movingGif()), batch, plain);
  const { format, pages, pageHeight } = await sharp(moving.path).metadata();
  assert.deepEqual([format, pages, moving.animated, moving.bytes < 500_000], ['webp', 2, true, true]);
  assert.ok(pageHeight === 512 || pageHeight === undefined);
});

test('a film becomes a moving sticker', { skip }, async t => {
  const { media, upload, batch } = await station(t);
  const { path, animated } = await media.sticker(await upload(samples.webm()), batch, plain);
  const { format, pages = 0, width } = await sharp(path).metadata();
  assert.deepEqual([format, width, animated, pages > 5], ['webp', 512, true, true]);
});

test('an MP4 stays as it is, with its size, length and a thumbnail', { skip }, async t => {
  const { media, upload, batch } = await station(t);
  const file = await upload(samples.mp4());
  const film = await media.film(file, batch, plain);
  assert.deepEqual(
    [film.path, film.mimetype, film.width, film.height, film.seconds],
    [file.path, 'video/mp4', 320, 240, 2],
  );
  assert.deepEqual(await sizeOf(film.thumbnail!), ['jpeg', 100, 75]);
});

test('another film, a GIF and a film that is to be small become MP4', { skip }, async t => {
  const { media, upload, batch } = await station(t);
  const gif = await media.film(await upload(samples.movingGif()), batch, { ...plain, gif: true });
  assert.deepEqual([gif.mimetype, gif.width, gif.height], ['video/mp4', 40, 30]);
  const webm = await media.film(await upload(samples.webm()), batch, plain);
  assert.deepEqual([webm.mimetype, webm.width, webm.height], ['video/mp4', 96, 64]);
  for (const { path } of [gif, webm])
    assert.match((await readFile(path)).subarray(0, 12).toString('latin1'), /ftyp/);
  const file = await upload(samples.mp4());
  const small = await media.film(file, batch, { ...plain, compress: true });
  assert.notEqual(small.path, file.path);
  await assert.rejects(media.film(await upload(samples.movingGif()), batch, plain), {
    code: 'UNSUPPORTED_MEDIA_TYPE',
  });
});

test('a voice note is mono Opus with its length and 64 bars; one that is stays as it is', {
  skip,
}, async t => {
  const { media, upload, batch } = await station(t);
  for (const made of [samples.mp3, samples.wav, samples.recording]) {
    const note = await media.sound(await upload(made()), batch, { field: 'file', voice: true });
    assert.deepEqual([note.mimetype, note.seconds, note.waveform?.length], ['audio/ogg; codecs=opus', 3, 64]);
    assert.equal(Math.max(...note.waveform!), 100);
    assert.ok((await readFile(note.path)).includes('OpusHead'));
  }
  const file = await upload(samples.voiceNote());
  const kept = await media.sound(file, batch, { field: 'file', voice: true });
  assert.deepEqual([kept.path, kept.seconds, kept.waveform?.length], [file.path, 3, 64]);
});

test('a sound stays as it is where phones play it, and becomes M4A where not', { skip }, async t => {
  const { media, upload, batch } = await station(t);
  const file = await upload(samples.mp3());
  const mp3 = await media.sound(file, batch, { field: 'file', voice: false });
  assert.deepEqual([mp3.path, mp3.mimetype, mp3.seconds], [file.path, 'audio/mpeg', 3]);
  const wav = await media.sound(await upload(samples.wav()), batch, { field: 'file', voice: false });
  assert.deepEqual([wav.mimetype, wav.seconds], ['audio/mp4', 3]);
  assert.match((await readFile(wav.path)).subarray(4, 11).toString('latin1'), /^ftypM4A/);
});

test('without ffmpeg: what must be converted is refused with a sentence, the rest is sent, and the notes say so', {
  skip,
}, async t => {
  const { media, upload, batch } = await station(t, '/nowhere/ffmpeg');
  const missing = { code: 'FFMPEG_MISSING', message: /no ffmpeg/ };
  await assert.rejects(
    media.sound(await upload(samples.mp3()), batch, { field: 'file', voice: true }),
    missing,
  );
  await assert.rejects(media.film(await upload(samples.webm()), batch, plain), missing);
  await assert.rejects(media.sticker(await upload(samples.webm()), batch, plain), missing);
  const file = await upload(samples.mp4());
  assert.deepEqual(await media.film(file, batch, plain), {
    path: file.path,
    bytes: file.bytes,
    mimetype: 'video/mp4',
  });
  assert.match((await media.notes()).join(), /no ffmpeg at \/nowhere\/ffmpeg: voice notes/);
  assert.deepEqual(await (await station(t)).media.notes(), []);
});

test('S33: a film that names other files or the network does not get them', { skip }, async t => {
  const { media, upload, batch } = await station(t);
  const secret = await upload(Buffer.from('secret'));
  const names = [
    `#EXTM3U\n#EXTINF:1,\nfile:${secret.path}\n#EXTINF:1,\nhttp://127.0.0.1:9/x\n`,
    `ffconcat version 1.0\nfile ${secret.path}\n`,
  ];
  const refusal = async (text: string) => {
    const film = await upload(Buffer.from(text, 'latin1'));
    const made = media.film(film, batch, { ...plain, compress: true });
    return made.then(
      () => 'made',
      (error: { code?: string }) => error.code,
    );
  };
  for (const text of names) {
    assert.equal(await refusal(text), 'UNSUPPORTED_MEDIA_TYPE');
    // Behind the first bytes of a film they come to ffmpeg.
    for (const head of ['RIFF\x64\0\0\0AVI LIST', '\0\0\0\x14ftypqt  \0\0\0\0qt  ', '\x1a\x45\xdf\xa3'])
      assert.equal(await refusal(head + text), 'MEDIA_UNREADABLE', head);
  }
});

test('S33: ffmpeg gets one file, one reader and no network, a time and an amount of addresses; what it cannot do costs a thumbnail', {
  skip: process.platform === 'linux' ? false : 'needs the limits of a shell',
}, async t => {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-ffmpeg-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const program = join(folder, 'ffmpeg');
  const said = join(folder, 'said');
  const script = `#!/bin/sh\n{ ulimit -t; ulimit -v; ulimit -c; printf '%s\\n' "$@"; } > ${said}\nexit 1\n`;
  await writeFile(program, script, { mode: 0o755 });
  const { media, upload, batch } = await station(t, program);
  const file = await upload(readFile(new URL('../../../test/fixtures/media/film.mp4', import.meta.url)));
  assert.deepEqual(await media.film(file, batch, plain), {
    path: file.path,
    bytes: file.bytes,
    mimetype: 'video/mp4',
  });
  const [cpu, addresses, core, ...words] = (await readFile(said, 'utf8')).trim().split('\n');
  assert.ok(Number(cpu) <= 240 && Number(addresses) <= 2_000_000, `${cpu} ${addresses}`);
  assert.equal(core, '0');
  assert.match(words.join(' '), /-protocol_whitelist file,pipe -f mov -i file:/);
  assert.equal(words.filter(word => word === '-i').length, 1);
});

test('S33: a job that takes too long or too much memory is ended with its process, and others go on', async t => {
  const { upload, batch } = await station(t);
  const transformer = new Transformer({ ffmpeg: 'ffmpeg', memory, log });
  t.after(() => transformer.stop());
  const { path: from } = await upload(samples.png({ width: 6000, height: 6000 }));
  const small = await upload(samples.png({ width: 60, height: 60 }));
  const late = transformer.do({ do: 'picture', from, to: batch.place(), edge: 5000 }, 1);
  const beside = transformer.do({ do: 'picture', from: small.path }, 120_000);
  await assert.rejects(late, { code: 'MEDIA_UNREADABLE' });
  assert.equal((await beside).width, 60);
  const greedy = new Transformer({ ffmpeg: 'ffmpeg', memory: 1, log });
  t.after(() => greedy.stop());
  if (process.platform === 'linux')
    await assert.rejects(greedy.do({ do: 'picture', from, to: batch.place(), edge: 5000 }, 300_000), {
      code: 'MEDIA_UNREADABLE',
    });
});

test('a file that breaks the process twice takes no other file with it', async t => {
  const { upload, batch } = await station(t);
  const transformer = new Transformer({ ffmpeg: 'ffmpeg', memory, log });
  t.after(() => transformer.stop());
  // A progressive JPEG is decoded as a whole: a megabyte of it takes more than there is.
  const white = { width: 13_000, height: 13_000, channels: 3 as const, background: '#fff' };
  const bomb = await upload(sharp({ create: white }).jpeg({ progressive: true }).toBuffer());
  // Slow enough to be under way when the process is ended.
  const slow = await upload(samples.png({ width: 6000, height: 6000 }));
  const broken = transformer.do({ do: 'picture', from: bomb.path }, 300_000);
  const beside = [1, 2, 3].map(() =>
    transformer.do({ do: 'picture', from: slow.path, to: batch.place(), edge: 5000 }, 300_000),
  );
  await assert.rejects(broken, { code: 'MEDIA_UNREADABLE' });
  for (const { width } of await Promise.all(beside)) assert.equal(width, 5000);
});

test('a queue that is full says so, and a stop ends what waits', async t => {
  const { upload } = await station(t);
  const transformer = new Transformer({ ffmpeg: 'ffmpeg', memory, log });
  const { path: from } = await upload(samples.png({ width: 60, height: 60 }));
  const ends = Array.from({ length: 70 }, () =>
    transformer.do({ do: 'picture', from }, 120_000).catch((error: { code: string }) => error.code),
  );
  assert.equal(await ends.at(-1), 'MEDIA_BUSY');
  transformer.stop();
  const codes = new Set((await Promise.all(ends)).filter(end => typeof end === 'string'));
  assert.deepEqual([...codes].sort(), ['MEDIA_BUSY', 'SHUTTING_DOWN']);
  await assert.rejects(transformer.do({ do: 'picture', from }, 1), { code: 'SHUTTING_DOWN' });
});

test('a file whose turn does not come is told to come again, and those before it are not touched', async t => {
  const { upload, batch } = await station(t);
  const transformer = new Transformer({ ffmpeg: 'ffmpeg', memory, log, waitingMs: 1 });
  t.after(() => transformer.stop());
  const slow = await upload(samples.png({ width: 6000, height: 6000 }));
  const [one, two, three] = [1, 2, 3].map(() =>
    transformer.do({ do: 'picture', from: slow.path, to: batch.place(), edge: 5000 }, 300_000),
  );
  await assert.rejects(three!, { code: 'MEDIA_BUSY' });
  for (const { width } of await Promise.all([one!, two!])) assert.equal(width, 5000);
});

test('what a process left that was killed is removed at the next start, what a living one has is not', async t => {
  const { folder, media } = await station(t);
  const [own = ''] = await readdir(join(folder, 'spool'));
  const dead = own.replace(/-\d+-/, '-4194999-');
  await writeFile(join(folder, 'spool', own, 'kept'), 'x');
  await writeFile(join(folder, 'spool', dead), 'x');
  await media.start();
  assert.deepEqual(await readdir(join(folder, 'spool')), [own]);
  assert.deepEqual(await readdir(join(folder, 'spool', own)), ['kept']);
});
