// A phone sends media, and fetches what it was sent.
import { createCipheriv, createHash, timingSafeEqual } from 'node:crypto';
import type { Phone } from '../phone/phone.ts';
import { Refused } from '../refused.ts';
import { sha256 } from '../wire/crypto.ts';
import type { World } from '../world.ts';
import { composeMedia, kindFacts, type MediaDetails, type MediaFacts, mediaOf } from './message.ts';
import { opened, storeSecret } from './secret.ts';
import { type StoredBlob, StoreFull } from './store.ts';

const PIECE = 64 * 1024;

/** The media of a message that the phone has; undefined without either. */
export function mediaIn(phone: Phone, id: string): MediaFacts | undefined {
  const noted = phone.chats.byId(id);
  const message = noted && phone.chats.protoOf(noted);
  return message && mediaOf(message);
}

/** `length` bytes that are always the same for a seed, and that nothing compresses. */
export function* generatedBytes(length: number, seed: number): Generator<Buffer> {
  const stream = createCipheriv('aes-256-ctr', sha256(Buffer.from(`media ${seed}`)), Buffer.alloc(16));
  for (let left = length; left > 0; left -= PIECE) yield stream.update(Buffer.alloc(Math.min(PIECE, left)));
}

/** Uploads and sends. Resolves with the message's id. Rejects with {@link Refused}. */
export async function sendMedia(
  world: World,
  phone: Phone,
  to: string,
  source: Iterable<Uint8Array>,
  details: MediaDetails,
  id?: string,
): Promise<string> {
  try {
    const blob = await storeSecret(world.media, source, kindFacts[details.kind].type);
    return await phone.sendMessage(to, composeMedia(blob, details, Number(world.clock.seconds())), { id });
  } catch (error) {
    if (error instanceof StoreFull) throw new Refused(413, error.message, { cause: error });
    throw error;
  }
}

export interface PhoneMedia {
  readonly mimetype: string;
  readonly length: number;
  readonly bytes: AsyncIterable<Buffer>;
}

/**
 * The plaintext of a message's media, downloaded, authenticated and compared with its hash before the first byte is
 * given out. Rejects with {@link Refused}: 404 when there is none, or none any more, 409 when it is not what was sent.
 */
export async function mediaAt(world: World, phone: Phone, id: string): Promise<PhoneMedia> {
  await phone.idle();
  phone.chats.named(id);
  const media = mediaIn(phone, id);
  if (!media) throw new Refused(404, `message ${id} has no media`);
  const blob = world.media.find(media.directPath);
  if (!blob) throw new Refused(404, `the media host does not have the media of message ${id} (any more)`);
  if (blob.expired !== undefined) throw new Refused(404, `the media of message ${id} is expired`);
  const length = await verified(world, blob, media);
  const mimetype = media.mimetype ?? 'application/octet-stream';
  return { mimetype, length, bytes: plainOf(world, blob, media) };
}

/** The length of the plaintext, once all of it proved to be what the message says. */
async function verified(world: World, blob: StoredBlob, media: MediaFacts): Promise<number> {
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const piece of plainOf(world, blob, media)) {
      hash.update(piece);
      length += piece.length;
    }
  } catch (error) {
    throw new Refused(409, `the media does not open: ${(error as Error).message}`, { cause: error });
  }
  const expected = media.fileSha256;
  if (expected?.length !== 32 || !timingSafeEqual(hash.digest(), expected))
    throw new Refused(409, 'the media is not what its hash says');
  return length;
}

async function* plainOf(world: World, blob: StoredBlob, media: MediaFacts): AsyncGenerator<Buffer> {
  const file = await world.media.read(blob);
  try {
    const source = file.createReadStream({ autoClose: false });
    yield* opened(source, media.type, media.mediaKey);
  } finally {
    await file.close();
  }
}
