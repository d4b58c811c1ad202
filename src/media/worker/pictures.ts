/**
 * Pictures, by sharp. They come from strangers: only the loaders of the formats below can run, a picture that would be
 * enormous is refused by its header, and whatever libvips does wrong happens in a process of its own.
 */
import sharp from 'sharp';
import type { Looked } from '../jobs.ts';

sharp.cache(false);
sharp.concurrency(1);
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map(format => `VipsForeignLoad${format}File`),
});

/** More than any camera's; a JPEG of it is shrunk while it is read. */
const MOST_PIXELS = 200_000_000;
const THUMBNAIL_EDGE = 100;

const open = (from: string) =>
  sharp(from, { limitInputPixels: MOST_PIXELS, failOn: 'error', animated: false }).autoOrient();

/** Sizes and thumbnail; with `to` also the picture as a JPEG whose longer side has at most `edge` pixels. */
export async function picture(from: string, to?: string, edge?: number): Promise<Looked> {
  const thumbnail = await thumbnailOf(from);
  if (to === undefined) {
    const { autoOrient } = await sharp(from, { limitInputPixels: MOST_PIXELS }).metadata();
    return { width: autoOrient.width, height: autoOrient.height, thumbnail };
  }
  const { width, height } = await open(from)
    .resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true })
    // Transparent parts would be black.
    .flatten({ background: '#fff' })
    .jpeg({ quality: 80 })
    .toFile(to);
  return { width, height, thumbnail };
}

/** The picture cut to a square JPEG of `edge` pixels. */
export async function square(from: string, to: string, edge: number): Promise<Looked> {
  const { width, height } = await open(from)
    .resize(edge, edge, { fit: 'cover' })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 80 })
    .toFile(to);
  return { width, height };
}

function thumbnailOf(from: string): Promise<Buffer> {
  return open(from)
    .resize(THUMBNAIL_EDGE, THUMBNAIL_EDGE, { fit: 'inside' })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 50 })
    .toBuffer();
}

/** What WhatsApp's apps take for stickers, in bytes; larger ones do not move, or do not show. */
const STICKER_BYTES = { still: 100_000, animated: 500_000 } as const;
const STICKER_EDGE = 512;

/** A WebP of 512 pixels, moving where the picture does; as good as fits. */
export async function sticker(from: string, to: string): Promise<Looked> {
  const { pages = 1 } = await sharp(from, { limitInputPixels: MOST_PIXELS }).metadata();
  const animated = pages > 1;
  const most = animated ? STICKER_BYTES.animated : STICKER_BYTES.still;
  for (const quality of [80, 60, 40, 20, 5]) {
    const { size } = await sharp(from, { limitInputPixels: MOST_PIXELS, failOn: 'error', animated })
      .resize(STICKER_EDGE, STICKER_EDGE, { fit: 'contain', background: { r: 0, g: 0, b: 0, alpha: 0 } })
      .webp({ quality, effort: animated ? 2 : 4 })
      .toFile(to);
    if (size <= most) break;
  }
  return { width: STICKER_EDGE, height: STICKER_EDGE, animated };
}
