// Pictures, films and sounds for tests, made on the spot: sharp makes pictures, ffmpeg the rest. Where there is no ffmpeg
// tests that need one are skipped, unless CARDUME_REQUIRE_FFMPEG=1 says that there must be one.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';

function isThere(): boolean {
  try {
    execFileSync('ffmpeg', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** For the `skip` of a test that needs ffmpeg: why it cannot run here, or false. */
export const noFfmpeg: string | false =
  process.env.CARDUME_REQUIRE_FFMPEG === '1' || isThere()
    ? false
    : 'no ffmpeg here: install it (Debian: apt-get install ffmpeg)';

interface Size {
  readonly width: number;
  readonly height: number;
}

function colours({ width, height }: Size) {
  const bytes = Buffer.alloc(width * height * 3);
  for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 7 + Math.floor(at / width)) % 256;
  return sharp(bytes, { raw: { width, height, channels: 3 } });
}

export const jpeg = (size: Size) => colours(size).jpeg().toBuffer();
export const png = (size: Size) => colours(size).png().toBuffer();
export const webp = (size: Size) => colours(size).webp().toBuffer();

/** A GIF of two pictures. */
export async function movingGif(): Promise<Buffer> {
  const frames = await Promise.all(
    ['#f00', '#00f'].map(background =>
      sharp({ create: { width: 40, height: 30, channels: 3, background } })
        .png()
        .toBuffer(),
    ),
  );
  return sharp(frames, { join: { animated: true } })
    .gif({ delay: [100, 100] })
    .toBuffer();
}

const run = promisify(execFile);

/** What ffmpeg makes of these arguments, in a file with this extension. */
async function made(extension: string, ...args: string[]): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-sample-'));
  try {
    const path = join(folder, `sample.${extension}`);
    await run('ffmpeg', ['-loglevel', 'error', ...args, path]);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const picture = (size: string) => ['-f', 'lavfi', '-i', `testsrc=size=${size}:rate=10:duration=2`];
const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=2.4'];

export const mp4 = () => made('mp4', ...picture('320x240'), ...tone, '-pix_fmt', 'yuv420p', '-shortest');
export const webm = () => made('webm', ...picture('96x64'), '-c:v', 'libvpx', '-b:v', '100k');
export const mp3 = () => made('mp3', ...tone);
export const wav = () => made('wav', ...tone);
export const voiceNote = () => made('ogg', ...tone, '-c:a', 'libopus', '-ac', '1');
/** What a browser records: Opus in WebM. */
export const recording = () => made('webm', ...tone, '-c:a', 'libopus');
