/** Films, by ffmpeg: what is in them, a picture of them, and films that every phone plays. */
import type { Looked, Source } from '../jobs.ts';
import { ffmpeg } from './ffmpeg.ts';

const MOST_THUMBNAIL = 256 * 1024;
/** WhatsApp shows moving stickers of at most this long, and of about 500 KB. */
const STICKER_SECONDS = 6;

/** Sizes in pixels, length in seconds, and a thumbnail of the first frame. Fails as `ffmpeg` does. */
export async function film(program: string, source: Source): Promise<Looked> {
  const pieces: Buffer[] = [];
  const words = await ffmpeg({
    ffmpeg: program,
    source,
    after: [
      ...['-map', '0:v:0', '-frames:v', '1', '-an'],
      ...['-vf', 'scale=100:100:force_original_aspect_ratio=decrease', '-q:v', '6'],
      ...['-f', 'image2pipe', '-c:v', 'mjpeg', 'pipe:1'],
    ],
    heard: bytes => pieces.push(bytes),
  });
  const thumbnail = Buffer.concat(pieces);
  return {
    ...aboutFilm(words),
    ...(thumbnail.length > 0 && thumbnail.length < MOST_THUMBNAIL && { thumbnail }),
  };
}

/** What ffmpeg says of its input: `Duration: 00:01:02.50`, `Stream … Video: h264 …, 640x480`, `rotation of -90.00 degrees`. */
export function aboutFilm(words: string): Looked {
  const input = words.split('Output #0')[0] ?? '';
  const [, hours, minutes, seconds] = /Duration: (\d+):(\d+):(\d+(?:\.\d+)?)/.exec(input) ?? [];
  const [, across, down] = /Stream .*Video: .*?[ ,](\d{2,5})x(\d{2,5})/.exec(input) ?? [];
  const turned = /rotation of -?(?:90|270)/.test(input);
  return {
    ...(hours && {
      seconds: Math.max(1, Math.round(Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds))),
    }),
    ...(across && {
      width: Number(turned ? down : across),
      height: Number(turned ? across : down),
    }),
  };
}

/** The film as MP4 (H.264, AAC) whose longer side has at most `edge` pixels, and what is shown of it. */
export async function convertFilm(
  program: string,
  source: Source,
  { to, edge, crf }: { to: string; edge: number; crf: number },
): Promise<Looked> {
  const size = `scale=w='min(${edge},iw)':h='min(${edge},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2`;
  await ffmpeg({
    ffmpeg: program,
    source,
    after: [
      ...['-map', '0:v:0', '-map', '0:a:0?', '-map_metadata', '-1', '-vf', size],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', String(crf), '-pix_fmt', 'yuv420p'],
      ...['-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-movflags', '+faststart', '-f', 'mp4', to],
    ],
  });
  return film(program, { from: to, demuxer: 'mov' });
}

/** A moving WebP of 512 pixels and at most six seconds. */
export async function filmSticker(program: string, source: Source, to: string): Promise<Looked> {
  const square = [
    'fps=12',
    'scale=512:512:force_original_aspect_ratio=decrease',
    'format=rgba',
    'pad=512:512:(ow-iw)/2:(oh-ih)/2:color=0x00000000',
  ].join(',');
  await ffmpeg({
    ffmpeg: program,
    source,
    after: [
      ...['-map', '0:v:0', '-an', '-t', String(STICKER_SECONDS), '-vf', square],
      ...['-c:v', 'libwebp_anim', '-quality', '35', '-loop', '0', '-f', 'webp', to],
    ],
  });
  return { width: 512, height: 512, animated: true };
}
