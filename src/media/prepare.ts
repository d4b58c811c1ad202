/**
 * What is made of a file before it is sent: a form that WhatsApp's apps show, and what they show of it before they have it.
 * Where a file can be sent as it is, nothing that goes wrong here keeps it back: it goes without a thumbnail then.
 */
import { stat } from 'node:fs/promises';
import { Failure } from '../errors.ts';
import type { Job, Looked } from './jobs.ts';
import type { Batch, Film, Picture, Sound, Sticker, StoredFile, Upload } from './port.ts';
import { type Kind, type Sniffed, sniff } from './sniff.ts';

/** Longest that each may take, with the start of the process. Films: a minute of one takes some 20 s on a slow core. */
const WITHIN_MS = { picture: 20_000, look: 20_000, sound: 60_000, sticker: 40_000, film: 120_000 } as const;

/** Longer sides in pixels: of WhatsApp's standard pictures, of its HD ones, and of films. */
const EDGES = { picture: 1600, hdPicture: 2560, film: 848, hdFilm: 1280 } as const;
/** x264's constant rate factor; 23 is what gowa has for HD. */
const CRF = { film: 28, hdFilm: 23 } as const;

/** What the apps play as it is (developers.facebook.com, Cloud API, supported media types; WhatsApp's own voice notes). */
const PLAYED = {
  image: ['image/jpeg', 'image/png'],
  video: ['video/mp4', 'video/3gpp'],
  audio: ['audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/amr', 'audio/ogg; codecs=opus'],
} as const;
const VOICE = 'audio/ogg; codecs=opus';

export type Do = (job: Job, ms: number) => Promise<Looked>;

interface Field {
  readonly field: string;
}

/** The picture cut to a square JPEG of `edge` pixels. Fails with UNSUPPORTED_MEDIA_TYPE or MEDIA_UNREADABLE. */
export async function square(
  run: Do,
  { path }: Upload,
  into: Batch,
  { field, edge }: Field & { readonly edge: number },
): Promise<StoredFile> {
  expect(await sniff(path), field, ['image']);
  const to = into.place();
  await run({ do: 'square', from: path, to, edge }, WITHIN_MS.picture);
  return stored(to);
}

/** A picture as it is sent: unchanged where that is wanted and apps show it, otherwise JPEG. Fails as `MediaPort` says. */
export async function picture(
  run: Do,
  file: Upload,
  into: Batch,
  { field, compress, hd }: Field & { readonly compress: boolean; readonly hd: boolean },
): Promise<Picture> {
  const { mimetype = '' } = expect(await sniff(file.path), field, ['image']);
  const asIs = isOneOf(PLAYED.image, mimetype);
  const from = file.path;
  if (asIs && !compress && !hd)
    return {
      ...only(file),
      mimetype,
      ...(await unlessUnreadable(run({ do: 'picture', from }, WITHIN_MS.look))),
    };
  const to = into.place();
  const edge = hd ? EDGES.hdPicture : EDGES.picture;
  const made = run({ do: 'picture', from, to, edge }, WITHIN_MS.picture);
  const looked = asIs ? await unlessUnreadable(made) : await made;
  return looked ? { ...(await stored(to)), mimetype: 'image/jpeg', ...looked } : { ...only(file), mimetype };
}

/** A video as it is sent: unchanged where apps play it, otherwise MP4. Fails as `MediaPort` says. */
export async function film(
  run: Do,
  file: Upload,
  into: Batch,
  { field, compress, hd, gif = false }: Field & { compress: boolean; hd: boolean; gif?: boolean },
): Promise<Film> {
  const found = await sniff(file.path);
  // A GIF that is to play as one is a film for WhatsApp.
  const { mimetype = '', demuxer = '' } =
    gif && found.demuxer === 'gif' ? found : expect(found, field, ['video']);
  const source = { from: file.path, demuxer };
  if (isOneOf(PLAYED.video, mimetype) && !compress && !hd) {
    const looked = await unlessUnreadable(run({ do: 'film', ...source }, WITHIN_MS.look));
    return { ...only(file), mimetype, ...looked };
  }
  const to = into.place();
  const how = hd ? { edge: EDGES.hdFilm, crf: CRF.hdFilm } : { edge: EDGES.film, crf: CRF.film };
  const looked = await run({ do: 'film-convert', ...source, ...how, to }, WITHIN_MS.film);
  return { ...(await stored(to)), mimetype: 'video/mp4', ...looked };
}

/** A sound as it is sent: unchanged where apps play it, otherwise Opus (`voice`) or AAC. Fails as `MediaPort` says. */
export async function sound(
  run: Do,
  file: Upload,
  into: Batch,
  { field, voice }: Field & { readonly voice: boolean },
): Promise<Sound> {
  // A recording of a browser is a film without pictures (WebM, MP4), as far as its first bytes tell.
  const found = expect(await sniff(file.path), field, ['audio', 'video']);
  const { demuxer = '' } = found;
  const heard = /^(?:audio\/mp4|audio\/x-m4a|audio\/m4a)/.test(file.mimetype) && demuxer === 'mov';
  const mimetype = heard ? 'audio/mp4' : (found.mimetype ?? '');
  const source = { from: file.path, demuxer };
  if (voice ? mimetype === VOICE : isOneOf(PLAYED.audio, mimetype)) {
    const looked = await unlessUnreadable(run({ do: 'sound', ...source }, WITHIN_MS.sound));
    return { ...only(file), mimetype, ...looked };
  }
  const to = into.place();
  const form = voice ? 'opus' : 'aac';
  const looked = await run({ do: 'sound', ...source, to, form }, WITHIN_MS.sound);
  return { ...(await stored(to)), mimetype: voice ? VOICE : 'audio/mp4', ...looked };
}

/** A sticker of a picture or a short video. Fails as `MediaPort` says. */
export async function sticker(run: Do, { path }: Upload, into: Batch, { field }: Field): Promise<Sticker> {
  const { kind, demuxer = '' } = expect(await sniff(path), field, ['image', 'video']);
  const to = into.place();
  const job: Job =
    kind === 'video' ? { do: 'film-sticker', from: path, demuxer, to } : { do: 'sticker', from: path, to };
  const { animated = false } = await run(job, WITHIN_MS.sticker);
  return { ...(await stored(to)), animated };
}

/** What it is by its bytes. */
export async function typeOf(path: string): Promise<string | undefined> {
  return (await sniff(path)).mimetype;
}

async function stored(path: string): Promise<StoredFile> {
  return { path, bytes: (await stat(path)).size };
}

const only = ({ path, bytes }: StoredFile): StoredFile => ({ path, bytes });

/** What was found out; nothing when the file could not be looked into, or there is nobody to do it. */
async function unlessUnreadable(looked: Promise<Looked>): Promise<Looked | undefined> {
  try {
    return await looked;
  } catch (error) {
    if (error instanceof Failure && ['MEDIA_UNREADABLE', 'FFMPEG_MISSING'].includes(error.code))
      return undefined;
    throw error;
  }
}

function isOneOf(types: readonly string[], mimetype: string): boolean {
  return types.includes(mimetype);
}

const words: Readonly<Record<Kind, string>> = {
  image: 'a picture (JPEG, PNG, WebP, GIF or AVIF)',
  video: 'a video (MP4, 3GP, QuickTime, WebM, Matroska, Ogg or AVI)',
  audio: 'a sound (MP3, M4A, AAC, OGG, AMR, FLAC or WAV)',
  other: 'a file',
};

/** Fails with UNSUPPORTED_MEDIA_TYPE unless the file is of one of these kinds, and of a format that is read. */
function expect(found: Sniffed, field: string, kinds: readonly Kind[]): Sniffed {
  if (kinds.includes(found.kind) && found.mimetype !== 'image/heic') return found;
  const got = found.mimetype ?? 'something else';
  const sentence = `${field}: expected ${kinds.map(kind => words[kind]).join(' or ')}, got ${got}.`;
  throw new Failure('UNSUPPORTED_MEDIA_TYPE', sentence, { results: { field } });
}
