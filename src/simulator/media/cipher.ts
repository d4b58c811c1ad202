// How WhatsApp encrypts media: AES-256-CBC and the first 10 bytes of an HMAC, under keys derived from the 32-byte media
// key and the kind of media (Baileys messages-media.ts, whatsmeow download.go, protocol.md 12).
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { hkdf } from '../wire/crypto.ts';

/**
 * The HKDF info of each kind (Baileys Defaults MEDIA_HKDF_KEY_MAPPING; sticker packs: whatsapp-rust wacore download.rs).
 * Kinds that are never encrypted have none.
 */
const infos = {
  image: 'WhatsApp Image Keys',
  video: 'WhatsApp Video Keys',
  gif: 'WhatsApp Video Keys',
  ptv: 'WhatsApp Video Keys',
  audio: 'WhatsApp Audio Keys',
  ptt: 'WhatsApp Audio Keys',
  document: 'WhatsApp Document Keys',
  sticker: 'WhatsApp Image Keys',
  'sticker-pack': 'WhatsApp Sticker Pack Keys',
  'thumbnail-sticker-pack': 'WhatsApp Sticker Pack Thumbnail Keys',
  'thumbnail-link': 'WhatsApp Link Thumbnail Keys',
  'thumbnail-image': 'WhatsApp Image Thumbnail Keys',
  'thumbnail-video': 'WhatsApp Video Thumbnail Keys',
  'thumbnail-document': 'WhatsApp Document Thumbnail Keys',
  'payment-bg-image': 'WhatsApp Payment Background Keys',
  'md-msg-hist': 'WhatsApp History Keys',
  'md-app-state': 'WhatsApp App State Keys',
  product: 'WhatsApp Image Keys',
  'biz-cover-photo': 'WhatsApp Image Keys',
} as const;

/** A kind of media that is encrypted. */
export type SecretMedia = keyof typeof infos;
/** Any kind of media that the host keeps; the others are plain bytes. */
export type MediaType = SecretMedia | 'ppic' | 'product-catalog-image' | 'newsletter';

const MAC_LENGTH = 10;
const KEY_LENGTH = 32;

interface MediaKeys {
  readonly iv: Buffer;
  readonly cipherKey: Buffer;
  readonly macKey: Buffer;
}

/** Derives the keys. Throws when `mediaKey` is not 32 bytes. */
function mediaKeys(mediaKey: Uint8Array, type: SecretMedia): MediaKeys {
  if (mediaKey.length !== KEY_LENGTH) throw new Error(`a media key is ${KEY_LENGTH} bytes`);
  const expanded = hkdf(mediaKey, 112, Buffer.alloc(0), infos[type]);
  return {
    iv: expanded.subarray(0, 16),
    cipherKey: expanded.subarray(16, 48),
    macKey: expanded.subarray(48, 80),
  };
}

/** What a message says of its media, besides where it is. */
export interface SealedFacts {
  readonly mediaKey: Buffer;
  /** Of the plaintext. */
  readonly fileSha256: Buffer;
  /** Of the encrypted bytes with their MAC: also the upload's token. */
  readonly fileEncSha256: Buffer;
  /** Of the plaintext, bytes. */
  readonly fileLength: number;
}

/** Encrypts piece by piece: everything through {@link update}, then {@link finish} once. */
export class Sealer {
  readonly #mediaKey: Buffer;
  readonly #cipher: ReturnType<typeof createCipheriv>;
  readonly #mac: ReturnType<typeof createHmac>;
  readonly #plain = createHash('sha256');
  readonly #encrypted = createHash('sha256');
  #length = 0;

  constructor(type: SecretMedia, mediaKey: Uint8Array = randomBytes(KEY_LENGTH)) {
    const { iv, cipherKey, macKey } = mediaKeys(mediaKey, type);
    this.#mediaKey = Buffer.from(mediaKey);
    this.#cipher = createCipheriv('aes-256-cbc', cipherKey, iv);
    this.#mac = createHmac('sha256', macKey).update(iv);
  }

  update(plain: Uint8Array): Buffer {
    this.#length += plain.length;
    this.#plain.update(plain);
    return this.#out(this.#cipher.update(plain));
  }

  /** The last bytes, and the facts of the whole. */
  finish(): { last: Buffer; facts: SealedFacts } {
    const block = this.#out(this.#cipher.final());
    const mac = this.#mac.digest().subarray(0, MAC_LENGTH);
    const fileEncSha256 = this.#encrypted.update(mac).digest();
    const facts = {
      mediaKey: this.#mediaKey,
      fileSha256: this.#plain.digest(),
      fileEncSha256,
      fileLength: this.#length,
    };
    return { last: Buffer.concat([block, mac]), facts };
  }

  #out(encrypted: Buffer): Buffer {
    this.#mac.update(encrypted);
    this.#encrypted.update(encrypted);
    return encrypted;
  }
}

/** Decrypts piece by piece; nothing of it is to be believed before {@link finish} returned. */
export class Opener {
  readonly #decipher: ReturnType<typeof createDecipheriv>;
  readonly #mac: ReturnType<typeof createHmac>;
  #tail = Buffer.alloc(0);

  constructor(type: SecretMedia, mediaKey: Uint8Array) {
    const { iv, cipherKey, macKey } = mediaKeys(mediaKey, type);
    this.#decipher = createDecipheriv('aes-256-cbc', cipherKey, iv);
    this.#mac = createHmac('sha256', macKey).update(iv);
  }

  update(encrypted: Uint8Array): Buffer {
    // The last bytes so far may be the MAC.
    const all = Buffer.concat([this.#tail, encrypted]);
    const end = Math.max(0, all.length - MAC_LENGTH);
    this.#tail = all.subarray(end);
    const body = all.subarray(0, end);
    this.#mac.update(body);
    return this.#decipher.update(body);
  }

  /** The last plaintext. Throws when the MAC or the padding is wrong, or there was too little. */
  finish(): Buffer {
    const mac = this.#mac.digest().subarray(0, MAC_LENGTH);
    if (this.#tail.length !== MAC_LENGTH || !timingSafeEqual(mac, this.#tail))
      throw new Error('the MAC of the media is wrong');
    return this.#decipher.final();
  }
}

/** Encrypts what fits in memory. `bytes` is what is uploaded. */
export function encryptMedia(
  plain: Uint8Array,
  type: SecretMedia,
  mediaKey?: Uint8Array,
): SealedFacts & { bytes: Buffer } {
  const sealer = new Sealer(type, mediaKey);
  const body = sealer.update(plain);
  const { last, facts } = sealer.finish();
  return { ...facts, bytes: Buffer.concat([body, last]) };
}

/** Decrypts what fits in memory. Throws when it was not encrypted with this key as this kind. */
export function decryptMedia(bytes: Uint8Array, type: SecretMedia, mediaKey: Uint8Array): Buffer {
  const opener = new Opener(type, mediaKey);
  const body = opener.update(bytes);
  return Buffer.concat([body, opener.finish()]);
}
