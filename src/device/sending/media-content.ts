/** A file of the spool as Baileys takes it: read from the disk as it is encrypted, with everything that would be looked for. */
import { createReadStream } from 'node:fs';
import type { WAMediaUpload, WAMessageKey } from '@whiskeysockets/baileys';

/** A file to send; the shard reads it where the main thread has put it. */
export interface FileInput {
  readonly path: string;
  readonly mimetype: string;
}

/** What is shown of a picture or a film before it is there. */
export interface Shown {
  readonly width?: number;
  readonly height?: number;
  readonly seconds?: number;
  readonly thumbnail?: Uint8Array;
}

/** The album that a picture or a film belongs to: the id of its message. */
export interface InAlbum {
  readonly album?: string;
}

/** A stream: of a path Baileys would make a second copy, and a URL it would fetch. */
export const streamOf = ({ path }: FileInput): WAMediaUpload => ({ stream: createReadStream(path) });

/**
 * With a thumbnail of null Baileys looks for none (Utils/messages.js, prepareWAMessageMedia: it does when it is
 * undefined), for which it would copy the file and start programs.
 */
export function shownOf({ width, height, seconds, thumbnail }: Shown) {
  return {
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(seconds !== undefined && { seconds }),
    jpegThumbnail: (thumbnail ? Buffer.from(thumbnail) : null) as unknown as string,
  };
}

/** What ties a picture or a film to its album (Utils/messages.js, MEDIA_ALBUM). */
export function albumOf({ album, to }: InAlbum & { readonly to: string }): { albumParentKey?: WAMessageKey } {
  return album === undefined ? {} : { albumParentKey: { remoteJid: to, fromMe: true, id: album } };
}
