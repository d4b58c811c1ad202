// What a file is, by its first bytes: neither its name nor what a caller says of it is believed.
import { open } from 'node:fs/promises';

export type Kind = 'image' | 'video' | 'audio' | 'other';

export interface Sniffed {
  readonly kind: Kind;
  /** Undefined where nobody can tell. */
  readonly mimetype?: string;
  /** ffmpeg's name of what reads it: it is told, so that a file cannot choose a reader that opens other files. */
  readonly demuxer?: string;
}

const HEAD_BYTES = 512;
const nothing: Sniffed = { kind: 'other' };

/** What the file is, by its first 512 bytes. */
export async function sniff(path: string): Promise<Sniffed> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    return typeOf(head.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** Pure; `head` are the first bytes, 512 are enough. */
export function typeOf(head: Buffer): Sniffed {
  for (const [offset, bytes, found] of signatures)
    if (head.subarray(offset, offset + bytes.length).equals(bytes)) return found;
  const text = (start: number, end: number) => head.toString('latin1', start, end);
  if (text(0, 4) === 'RIFF') return riff[text(8, 12)] ?? nothing;
  if (text(4, 8) === 'ftyp') return isoMedia(text(8, 12));
  if (text(0, 4) === 'OggS') return ogg(head);
  if (head.subarray(0, 4).equals(EBML)) return matroska(head);
  // A frame of MPEG audio: eleven bits set, then a version and a layer that exist. Of ADTS the layer is 0.
  if (head.length > 2 && head[0] === 0xff && (head[1]! & 0xe0) === 0xe0) {
    if ((head[1]! & 0xf6) === 0xf0) return { kind: 'audio', mimetype: 'audio/aac', demuxer: 'aac' };
    if ((head[1]! & 0x18) !== 0x08 && (head[1]! & 0x06) !== 0 && (head[2]! & 0xf0) !== 0xf0) return mp3;
  }
  return nothing;
}

const EBML = Buffer.from([0x1a, 0x45, 0xdf, 0xa3]);
const mp3: Sniffed = { kind: 'audio', mimetype: 'audio/mpeg', demuxer: 'mp3' };

const signatures: readonly [number, Buffer, Sniffed][] = [
  [0, Buffer.from([0xff, 0xd8, 0xff]), { kind: 'image', mimetype: 'image/jpeg' }],
  [0, Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), { kind: 'image', mimetype: 'image/png' }],
  [0, Buffer.from('GIF87a'), { kind: 'image', mimetype: 'image/gif', demuxer: 'gif' }],
  [0, Buffer.from('GIF89a'), { kind: 'image', mimetype: 'image/gif', demuxer: 'gif' }],
  [0, Buffer.from('ID3'), mp3],
  [0, Buffer.from('fLaC'), { kind: 'audio', mimetype: 'audio/flac', demuxer: 'flac' }],
  [0, Buffer.from('#!AMR-WB\n'), { kind: 'audio', mimetype: 'audio/amr-wb', demuxer: 'amr' }],
  [0, Buffer.from('#!AMR\n'), { kind: 'audio', mimetype: 'audio/amr', demuxer: 'amr' }],
  [0, Buffer.from('%PDF-'), { kind: 'other', mimetype: 'application/pdf' }],
  [0, Buffer.from('PK\x03\x04', 'latin1'), { kind: 'other', mimetype: 'application/zip' }],
];

const riff: Readonly<Record<string, Sniffed>> = {
  WEBP: { kind: 'image', mimetype: 'image/webp' },
  WAVE: { kind: 'audio', mimetype: 'audio/wav', demuxer: 'wav' },
  'AVI ': { kind: 'video', mimetype: 'video/x-msvideo', demuxer: 'avi' },
};

/** ISO base media files say by their brand what is in them (ISO 14496-12, 4.3). */
function isoMedia(brand: string): Sniffed {
  if (/^avi[fs]/.test(brand)) return { kind: 'image', mimetype: 'image/avif' };
  if (/^(?:hei[cxms]|hev[cx]|mif1|msf1)/.test(brand)) return { kind: 'image', mimetype: 'image/heic' };
  if (/^M4[AB]/.test(brand)) return { kind: 'audio', mimetype: 'audio/mp4', demuxer: 'mov' };
  if (brand === 'qt  ') return { kind: 'video', mimetype: 'video/quicktime', demuxer: 'mov' };
  if (brand.startsWith('3g')) return { kind: 'video', mimetype: 'video/3gpp', demuxer: 'mov' };
  return { kind: 'video', mimetype: 'video/mp4', demuxer: 'mov' };
}

function ogg(head: Buffer): Sniffed {
  if (head.includes('OpusHead')) return { kind: 'audio', mimetype: 'audio/ogg; codecs=opus', demuxer: 'ogg' };
  const video = head.includes('theora');
  return video
    ? { kind: 'video', mimetype: 'video/ogg', demuxer: 'ogg' }
    : { kind: 'audio', mimetype: 'audio/ogg', demuxer: 'ogg' };
}

function matroska(head: Buffer): Sniffed {
  const mimetype = head.includes('webm') ? 'video/webm' : 'video/x-matroska';
  return { kind: 'video', mimetype, demuxer: 'matroska' };
}
