// Where clients upload to, and what the addresses of what they uploaded look like.
import { randomBytes } from 'node:crypto';
import type { MediaType } from './cipher.ts';

/**
 * Upload paths before `/<token>` (Baileys Defaults MEDIA_PATH_MAP, whatsmeow upload.go mediaTypeToMMSType, whatsapp-rust
 * wacore download.rs). Baileys uploads history as md-app-state, stickers as image, and app state to no path at all.
 */
const uploads: Readonly<Record<string, MediaType>> = {
  '': 'md-app-state',
  '/mms/image': 'image',
  '/mms/video': 'video',
  '/mms/gif': 'gif',
  '/mms/ptv': 'ptv',
  '/mms/audio': 'audio',
  '/mms/ptt': 'ptt',
  '/mms/document': 'document',
  '/mms/sticker': 'sticker',
  '/mms/sticker-pack': 'sticker-pack',
  '/mms/thumbnail-sticker-pack': 'thumbnail-sticker-pack',
  '/mms/thumbnail-link': 'thumbnail-link',
  '/mms/thumbnail-image': 'thumbnail-image',
  '/mms/thumbnail-video': 'thumbnail-video',
  '/mms/thumbnail-document': 'thumbnail-document',
  '/mms/payment-bg-image': 'payment-bg-image',
  '/mms/md-app-state': 'md-app-state',
  '/mms/md-msg-hist': 'md-msg-hist',
  '/product/image': 'product-catalog-image',
  '/pps/biz-cover-photo': 'biz-cover-photo',
};
const NEWSLETTER = /^\/newsletter\/newsletter-(image|video|audio|ptt|document|sticker|gif|ptv)$/;

export interface UploadPath {
  readonly type: MediaType;
  /** From the path's end, percent-decoded. */
  readonly token: string;
}

/** Reads an upload's path; undefined when it is none. */
export function readUploadPath(pathname: string): UploadPath | undefined {
  const slash = pathname.lastIndexOf('/');
  const prefix = pathname.slice(0, slash);
  const type = NEWSLETTER.test(prefix)
    ? 'newsletter'
    : Object.hasOwn(uploads, prefix)
      ? uploads[prefix]
      : undefined;
  // 32 bytes as base64url; whatsmeow leaves the padding on.
  const token = pathname.slice(slash + 1).replace(/%3D/gi, '=');
  return type && /^[\w-]{43}=?$/.test(token) ? { type, token: token.slice(0, 43) } : undefined;
}

const LIFE_MS = 30 * 86_400_000;

/**
 * A fresh address. whatsmeow appends `&hash=…` to it, so it must have a query of its own; the shape is that of real ones
 * (protocol.md 12), the id cannot be guessed, and nobody checks the signature `oh`. `oe` is a time in hex.
 */
export function directPathOf(type: MediaType, now: number): string {
  const id = randomBytes(18).toString('base64url');
  const signature = randomBytes(18).toString('base64url');
  const until = Math.floor((now + LIFE_MS) / 1000)
    .toString(16)
    .toUpperCase();
  const query = `ccb=11-4&oh=01_${signature}&oe=${until}&_nc_sid=5e03e0`;
  switch (type) {
    case 'newsletter':
      return `/m1/v/t24/${id}?${query}`;
    case 'ppic':
    case 'product-catalog-image':
      return `/v/t61.24694-24/${id}_n.jpg?${query}`;
    default:
      return `/v/t62.7118-24/${id}_n.enc?${query}&mms3=true`;
  }
}

/** Encrypted bytes have no type of their own. */
export function contentTypeOf(type: MediaType): string {
  return type === 'ppic' || type === 'product-catalog-image' ? 'image/jpeg' : 'application/octet-stream';
}
