// Encrypted media on the media host: for phones, and for the blobs of history and of app state.
import { encryptMedia, Opener, type SealedFacts, Sealer, type SecretMedia } from './cipher.ts';
import type { MediaStore, StoredMedia } from './store.ts';

/** Where it is, and what a message says of it. `sha256` is `fileEncSha256`. */
export type SecretBlob = StoredMedia & SealedFacts;

/** Encrypts and stores what fits in memory, at once. Throws {@link StoreFull}. */
export function putSecret(store: MediaStore, plain: Uint8Array, type: SecretMedia): SecretBlob {
  const { bytes, ...facts } = encryptMedia(plain, type);
  return { ...store.put(bytes, { type }), ...facts };
}

/** The same for any amount, piece by piece. Rejects with {@link StoreFull}, and with what `source` throws. */
export async function storeSecret(
  store: MediaStore,
  source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  type: SecretMedia,
): Promise<SecretBlob> {
  const sealer = new Sealer(type);
  const { name, handle } = await store.create();
  let length = 0;
  const append = async (bytes: Buffer) => {
    store.reserve(bytes.length);
    length += bytes.length;
    await handle.appendFile(bytes);
  };
  try {
    for await (const piece of source) await append(sealer.update(piece));
    const { last, facts } = sealer.finish();
    await append(last);
    return { ...store.add(name, length, facts.fileEncSha256, { type }), ...facts };
  } catch (error) {
    store.discard(name, length);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Decrypts piece by piece; only the end says whether what came before was true. */
export async function* opened(
  source: AsyncIterable<Uint8Array>,
  type: SecretMedia,
  mediaKey: Uint8Array,
): AsyncGenerator<Buffer> {
  const opener = new Opener(type, mediaKey);
  for await (const piece of source) yield opener.update(piece);
  yield opener.finish();
}
