// The files behind generated messages: real ones on the media host, one per kind, so that a client can download them.
import { encryptMedia } from '../media/cipher.ts';
import type { World } from '../world.ts';
import { dice } from './dice.ts';
import type { MediaOf, PastMediaFacts, PastMediaKind } from './generate-message.ts';

const mimetypes: Readonly<Record<PastMediaKind, string>> = {
  image: 'image/png',
  video: 'video/mp4',
  audio: 'audio/ogg; codecs=opus',
  document: 'application/pdf',
  sticker: 'image/webp',
};

/** A picture of one pixel (PNG), which is what all of them show or, for other kinds, contain. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** Puts a file on the host when it is first needed, and again when the host has let it go. */
export function pastMedia(world: World, seed: string): MediaOf {
  const known = new Map<PastMediaKind, PastMediaFacts>();
  return kind => {
    const before = known.get(kind);
    if (before && world.media.find(before.directPath)) return before;
    const { bytes, ...sealed } = encryptMedia(PIXEL, kind, dice(`${seed}/media/${kind}`).bytes(32));
    const again = world.media.bySha256(sealed.fileEncSha256.toString('base64url'));
    const directPath = again?.directPath ?? world.media.put(bytes, { type: kind }).directPath;
    const facts = { ...sealed, directPath, url: world.media.urlOf(directPath), mimetype: mimetypes[kind] };
    known.set(kind, facts);
    return facts;
  };
}
