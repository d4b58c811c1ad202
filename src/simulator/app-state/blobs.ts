// What is too large for a stanza lies on the media host, encrypted: snapshots, and the mutations of large patches
// (ExternalBlobReference; Baileys downloadExternalBlob, whatsmeow downloadExternalAppStateBlob).
import { readFileSync } from 'node:fs';
import { proto } from '@whiskeysockets/baileys';
import { decryptMedia } from '../media/cipher.ts';
import { putSecret } from '../media/secret.ts';
import type { World } from '../world.ts';

const TYPE = 'md-app-state';
/** A reference comes from a client: what it points to is read whole. */
const MAX_BYTES = 16 * 1024 * 1024;

export function putBlob(world: World, plain: Uint8Array): proto.IExternalBlobReference {
  const stored = putSecret(world.media, plain, TYPE);
  const { mediaKey, fileSha256, fileEncSha256, fileLength, directPath } = stored;
  // The size is that of the plaintext: whatsmeow compares it (download.go).
  return { mediaKey, directPath, fileSha256, fileEncSha256, fileSizeBytes: fileLength };
}

/** The mutations that a patch has in a blob; undefined when they are not to be had. */
export function externalMutations(
  world: World,
  reference: proto.IExternalBlobReference,
): proto.ISyncdMutation[] | undefined {
  const blob = world.media.find(reference.directPath ?? '');
  if (!blob || blob.expired !== undefined || blob.content.length > MAX_BYTES) return undefined;
  try {
    const bytes = readFileSync(world.media.pathOf(blob.content.name));
    const plain = decryptMedia(bytes, TYPE, reference.mediaKey ?? Buffer.alloc(0));
    return proto.SyncdMutations.decode(plain).mutations;
  } catch {
    return undefined; // evicted meanwhile, or encrypted with another key: for the reader it is not there
  }
}
