// The process that looks into files, with real files.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import sharp from 'sharp';
import { Media } from '../../src/media/media.ts';
import type { Upload } from '../../src/media/port.ts';

const limits = { image: 1e6, video: 1e6, audio: 1e6, file: 1e6, url: 1e6 };

async function station(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-media-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const log = pino({ level: 'silent' });
  const media = new Media({ folder, limits, ffmpeg: 'ffmpeg', memory: 512 * 1_048_576, log });
  await media.start();
  t.after(() => media.stop());
  const upload = async (bytes: Buffer): Promise<Upload> => {
    const path = join(folder, randomBytes(8).toString('hex'));
    await writeFile(path, bytes);
    return { path, bytes: bytes.length, mimetype: '' };
  };
  return { media, upload };
}

const png = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 4, background: { r: 200, g: 30, b: 30, alpha: 0.5 } } })
    .png()
    .toBuffer();

test('a picture becomes a square JPEG, cut and not stretched', async t => {
  const { media, upload } = await station(t);
  const batch = media.batch();
  const file = await upload(await png(900, 300));
  const { path, bytes } = await media.square(file, batch, { field: 'avatar', edge: 640 });
  const { format, width, height } = await sharp(await readFile(path)).metadata();
  assert.deepEqual([format, width, height], ['jpeg', 640, 640]);
  assert.equal((await readFile(path)).length, bytes);
  await batch.end();
  await assert.rejects(readFile(path), { code: 'ENOENT' });
});

test('what is no picture is refused by its bytes, whatever it is called', async t => {
  const { media, upload } = await station(t);
  const about = { field: 'avatar', edge: 640 };
  const pdf = { ...(await upload(Buffer.from('%PDF-1.7 …'))), mimetype: 'image/png', filename: 'a.png' };
  await assert.rejects(media.square(pdf, media.batch(), about), {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: /^avatar: expected a picture .*, got application\/pdf\.$/,
  });
  const broken = await upload(Buffer.concat([(await png(50, 50)).subarray(0, 60), randomBytes(500)]));
  await assert.rejects(media.square(broken, media.batch(), about), { code: 'MEDIA_UNREADABLE' });
});
