/** Media by reference: what a message says of a file. Where the bytes are is the media station's matter. */
import type { proto } from '@whiskeysockets/baileys';
import { bytes, type Fields, flag, given, positive, text } from '../read.ts';

/** The keys of gowa's payload. */
export const mediaKinds = ['image', 'video', 'video_note', 'audio', 'document', 'sticker'] as const;
export type MediaKind = (typeof mediaKinds)[number];

export interface Media {
  readonly kind: MediaKind;
  /** '' when the message has none: then there is a `directPath`, or nothing. */
  readonly url: string;
  readonly directPath?: string;
  readonly mediaKey?: Uint8Array;
  readonly sha256?: Uint8Array;
  readonly encryptedSha256?: Uint8Array;
  readonly mimetype?: string;
  readonly caption?: string;
  readonly filename?: string;
  readonly title?: string;
  readonly size?: number;
  readonly seconds?: number;
  readonly width?: number;
  readonly height?: number;
  readonly pages?: number;
  /** A voice note. */
  readonly ptt?: true;
  readonly waveform?: Uint8Array;
  /** A video that plays by itself, without sound. */
  readonly gif?: true;
  readonly animated?: true;
  readonly lottie?: true;
  readonly thumbnail?: Uint8Array;
}

/** A part that is a file, under any of its names. */
type Part = proto.Message.IImageMessage &
  proto.Message.IVideoMessage &
  proto.Message.IAudioMessage &
  Omit<proto.Message.IStickerMessage, 'isLottie'> &
  proto.Message.IDocumentMessage & { isLottie?: boolean | null };

/** The file that a message has, whatever its kind; `lottie` where its envelope says that it is one. */
export function mediaIn(content: proto.IMessage, lottie: boolean): Media | undefined {
  const { imageMessage, videoMessage, ptvMessage, audioMessage, documentMessage, stickerMessage } = content;
  if (imageMessage) return read('image', imageMessage);
  if (videoMessage) return read('video', videoMessage);
  if (ptvMessage) return read('video_note', ptvMessage);
  if (audioMessage) return read('audio', audioMessage);
  if (documentMessage) return read('document', documentMessage);
  if (stickerMessage) return read('sticker', stickerMessage, lottie);
  return undefined;
}

function read(kind: MediaKind, given_: object, lottie = false): Media {
  const part = given_ as Part;
  return given({
    kind,
    url: text(part.url) ?? '',
    directPath: text(part.directPath),
    mediaKey: bytes(part.mediaKey),
    sha256: bytes(part.fileSha256),
    encryptedSha256: bytes(part.fileEncSha256),
    mimetype: text(part.mimetype),
    caption: text(part.caption),
    filename: text(part.fileName),
    title: text(part.title),
    size: positive(part.fileLength),
    seconds: positive(part.seconds),
    width: positive(part.width),
    height: positive(part.height),
    pages: positive(part.pageCount),
    ptt: flag(part.ptt),
    waveform: bytes(part.waveform),
    gif: flag(part.gifPlayback),
    animated: flag(part.isAnimated),
    lottie: lottie || part.isLottie === true ? true : undefined,
    thumbnail: bytes(part.jpegThumbnail ?? part.pngThumbnail),
  }) as unknown as Media;
}

/** What of it is in an event: gowa's form with auto-download off, and what else is known. Keys are never told. */
export function mediaFields(media: Media): Fields {
  const { kind, url, mimetype, caption, filename, size, seconds, width, height, pages } = media;
  const { ptt, gif, animated, lottie } = media;
  const file = {
    mimetype,
    caption,
    filename,
    size,
    seconds,
    width,
    height,
    pages,
    ptt,
    gif,
    animated,
    lottie,
  };
  return { [kind]: { url, ...given(file) } };
}
