// Media in messages: finding it in one, and making one around it.
import { type proto, toNumber } from '@whiskeysockets/baileys';
import { unwrapped } from '../phone/kinds.ts';
import type { SecretMedia } from './cipher.ts';
import type { SecretBlob } from './secret.ts';

/** By the message's field: under which kind its media is encrypted (whatsmeow download.go classToMediaType). */
const FIELDS = {
  imageMessage: 'image',
  videoMessage: 'video',
  ptvMessage: 'ptv',
  audioMessage: 'audio',
  documentMessage: 'document',
  stickerMessage: 'sticker',
  stickerPackMessage: 'sticker-pack',
} as const satisfies Partial<Record<keyof proto.IMessage, SecretMedia>>;

/** What a message says of its media; everything was written by its sender. */
export interface MediaFacts {
  readonly type: SecretMedia;
  readonly directPath: string;
  readonly mediaKey: Uint8Array;
  readonly fileSha256: Uint8Array | undefined;
  readonly fileLength: number;
  readonly mimetype: string | undefined;
}

/** The media of a message, inside of whatever envelope; undefined when it has none that can be fetched. */
export function mediaOf(message: proto.IMessage): MediaFacts | undefined {
  const inner = unwrapped(message);
  for (const [field, type] of Object.entries(FIELDS)) {
    const content = inner[field as keyof typeof FIELDS];
    if (!content?.directPath || !content.mediaKey) continue;
    return {
      type,
      directPath: content.directPath,
      mediaKey: content.mediaKey,
      fileSha256: content.fileSha256 ?? undefined,
      fileLength: toNumber(content.fileLength ?? 0),
      mimetype: ('mimetype' in content ? content.mimetype : undefined) ?? undefined,
    };
  }
  return undefined;
}

/** What a person can send. A gif is a video that plays by itself, a ptv a round one, a voice note an audio. */
export const mediaKinds = ['image', 'video', 'gif', 'ptv', 'audio', 'voice', 'document', 'sticker'] as const;
export type MediaKind = (typeof mediaKinds)[number];

export interface MediaDetails {
  readonly kind: MediaKind;
  readonly caption?: string | undefined;
  readonly mimetype?: string | undefined;
  readonly fileName?: string | undefined;
  /** Of audio and video. */
  readonly seconds?: number | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** 64 bytes from 0 to 100, of a voice note. */
  readonly waveform?: Uint8Array | undefined;
  readonly viewOnce?: boolean | undefined;
}

/** By kind: how it is encrypted, and what it is where nobody says (Baileys messages.ts MIMETYPE_MAP). */
export const kindFacts: Readonly<Record<MediaKind, { type: SecretMedia; mimetype: string }>> = {
  image: { type: 'image', mimetype: 'image/jpeg' },
  video: { type: 'video', mimetype: 'video/mp4' },
  gif: { type: 'gif', mimetype: 'video/mp4' },
  ptv: { type: 'ptv', mimetype: 'video/mp4' },
  audio: { type: 'audio', mimetype: 'audio/mp4' },
  voice: { type: 'ptt', mimetype: 'audio/ogg; codecs=opus' },
  document: { type: 'document', mimetype: 'application/octet-stream' },
  sticker: { type: 'sticker', mimetype: 'image/webp' },
};

/** The message around stored media, as a phone writes it. `now` in unix seconds. */
export function composeMedia(blob: SecretBlob, details: MediaDetails, now: number): proto.IMessage {
  const { kind, caption, seconds = 1, width = 640, height = 480, viewOnce } = details;
  const base = {
    url: blob.url,
    directPath: blob.directPath,
    mediaKey: blob.mediaKey,
    mediaKeyTimestamp: now,
    fileSha256: blob.fileSha256,
    fileEncSha256: blob.fileEncSha256,
    fileLength: blob.fileLength,
    mimetype: details.mimetype ?? kindFacts[kind].mimetype,
    ...(viewOnce && { viewOnce }),
  };
  const shown = { width, height, ...(caption !== undefined && { caption }) };
  switch (kind) {
    case 'image':
      return once(viewOnce, { imageMessage: { ...base, ...shown } });
    case 'video':
      return once(viewOnce, { videoMessage: { ...base, ...shown, seconds } });
    case 'gif':
      return { videoMessage: { ...base, ...shown, seconds, gifPlayback: true } };
    case 'ptv':
      return { ptvMessage: { ...base, width, height, seconds } };
    case 'audio':
      return { audioMessage: { ...base, seconds } };
    case 'voice':
      return once(viewOnce, {
        audioMessage: { ...base, seconds, ptt: true, waveform: details.waveform ?? flatWaveform() },
      });
    case 'sticker':
      return { stickerMessage: { ...base, width, height, isAnimated: false } };
    case 'document': {
      const documentMessage = {
        ...base,
        fileName: details.fileName ?? 'file',
        title: details.fileName ?? 'file',
      };
      if (caption === undefined) return { documentMessage };
      // WhatsApp's own clients put one with a caption into an envelope (Baileys normalizeMessageContent takes it out).
      return {
        documentWithCaptionMessage: { message: { documentMessage: { ...documentMessage, caption } } },
      };
    }
  }
}

/** Voice notes have an envelope of their own (Baileys normalizeMessageContent). */
function once(viewOnce: boolean | undefined, message: proto.IMessage): proto.IMessage {
  if (!viewOnce) return message;
  return message.audioMessage
    ? { viewOnceMessageV2Extension: { message } }
    : { viewOnceMessageV2: { message } };
}

function flatWaveform(): Uint8Array {
  return new Uint8Array(64).fill(50);
}
