/**
 * A file of a message, from WhatsApp's host to the disk: decrypted as it comes, and believed only when its MAC and both its
 * hashes are right. Baileys checks none of them (Utils/messages-media.js, downloadEncryptedContent).
 */
import { createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { getMediaKeys, type MediaType } from '@whiskeysockets/baileys';
import { type Dispatcher, request } from 'undici';
import { Failure } from '../../errors.ts';
import { MEDIA_ORIGIN } from '../line/media-host.ts';
import type { Media, MediaKind } from '../translate/content/media.ts';

/** The last bytes of an encrypted file: the head of an HMAC of the rest. */
const MAC_BYTES = 10;
const HEADERS_WITHIN_MS = 30_000;
const SILENT_MS = 30_000;

/** Under which kind files are encrypted (Baileys Defaults, MEDIA_HKDF_KEY_MAPPING). */
const encryptedAs: Readonly<Record<MediaKind, MediaType>> = {
  image: 'image',
  video: 'video',
  video_note: 'ptv',
  audio: 'audio',
  document: 'document',
  sticker: 'sticker',
};

/** The host does not have it (any more). */
export class NotThere extends Error {
  override readonly name = 'NotThere';
}

export interface Download {
  readonly media: Media;
  readonly dispatcher: Dispatcher;
  /** Where the file is when all of it has proved to be right. */
  readonly to: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Resolves with its bytes. Fails with NotThere, MEDIA_CORRUPT, PAYLOAD_TOO_LARGE, or as the network does. */
export async function download({ media, dispatcher, to, maxBytes, signal }: Download): Promise<number> {
  const { body, statusCode } = await request(addressOf(media), {
    dispatcher,
    signal,
    headers: { origin: 'https://web.whatsapp.com' },
    headersTimeout: HEADERS_WITHIN_MS,
    bodyTimeout: SILENT_MS,
  });
  if (statusCode !== 200) {
    body.on('error', () => {}).destroy();
    if ([403, 404, 410].includes(statusCode)) throw new NotThere(`the media host answers ${statusCode}`);
    throw new Failure('WA_UNEXPECTED', `WhatsApp's media host answers ${statusCode}.`);
  }
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const part = `${to}.${randomBytes(4).toString('hex')}.part`;
  try {
    const checked = media.mediaKey ? await decrypting(media, maxBytes) : plain(media, maxBytes);
    await pipeline(body, checked.pass, createWriteStream(part, { flags: 'wx', mode: 0o600 }));
    await rename(part, to);
    return checked.bytes();
  } catch (cause) {
    await rm(part, { force: true });
    if (['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? ''))
      throw new Failure('STORE_FULL', 'The disk of DATA_DIR is full.', { cause });
    throw cause;
  }
}

/** On WhatsApp's own host, whatever the path: its sender wrote that, too. */
function addressOf({ directPath = '' }: Media): string {
  const written = `${MEDIA_ORIGIN}${directPath}`;
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (!directPath.startsWith('/') || url?.origin !== MEDIA_ORIGIN || url.username !== '')
    throw new Failure('MEDIA_CORRUPT', 'The message does not say where its file is.');
  return url.href;
}

interface Checked {
  /** Gives out the plain bytes; fails at the end when they are not what the message says. */
  readonly pass: (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>;
  bytes(): number;
}

async function decrypting(media: Media, maxBytes: number): Promise<Checked> {
  const { iv, cipherKey, macKey } = await getMediaKeys(media.mediaKey, encryptedAs[media.kind]);
  if (!macKey) throw new Error('Baileys gives no key for the MAC of media');
  const decipher = createDecipheriv('aes-256-cbc', cipherKey, iv);
  const mac = createHmac('sha256', macKey).update(iv);
  const encrypted = createHash('sha256');
  const plainHash = createHash('sha256');
  let length = 0;
  const out = (bytes: Buffer) => {
    plainHash.update(bytes);
    length += bytes.length;
    return counted(bytes, length, maxBytes);
  };
  return {
    bytes: () => length,
    async *pass(source) {
      let tail: Buffer = Buffer.alloc(0);
      for await (const chunk of source) {
        encrypted.update(chunk);
        const all = tail.length > 0 ? Buffer.concat([tail, chunk]) : chunk;
        const end = Math.max(0, all.length - MAC_BYTES);
        tail = all.subarray(end);
        const body = all.subarray(0, end);
        mac.update(body);
        yield out(decipher.update(body));
      }
      if (!equal(mac.digest().subarray(0, MAC_BYTES), tail)) throw corrupt('its MAC is wrong');
      if (media.encryptedSha256 && !equal(encrypted.digest(), media.encryptedSha256))
        throw corrupt('the hash of the encrypted file is wrong');
      yield out(decipher.final());
      assertHash(plainHash.digest(), media);
    },
  };
}

/** In channels nothing is encrypted. */
function plain(media: Media, maxBytes: number): Checked {
  const hash = createHash('sha256');
  let length = 0;
  return {
    bytes: () => length,
    async *pass(source) {
      for await (const chunk of source) {
        hash.update(chunk);
        length += chunk.length;
        yield counted(chunk, length, maxBytes);
      }
      assertHash(hash.digest(), media);
    },
  };
}

function counted(bytes: Buffer, length: number, maxBytes: number): Buffer {
  if (length <= maxBytes) return bytes;
  throw new Failure(
    'PAYLOAD_TOO_LARGE',
    `The file is larger than the ${maxBytes / 1_000_000} MB of MEDIA_CACHE_MB.`,
  );
}

function assertHash(found: Buffer, { sha256 }: Media): void {
  if (sha256 && !equal(found, sha256)) throw corrupt('its hash is wrong');
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function corrupt(why: string): Failure {
  return new Failure('MEDIA_CORRUPT', `The file is not the one that was sent: ${why}.`);
}
