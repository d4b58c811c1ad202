// Handing out blobs: whole, or the range that a client asks for (protocol.md 12).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { World } from '../world.ts';
import { readRange } from './range.ts';
import { MediaRefused } from './respond.ts';
import type { StoredBlob } from './store.ts';

/** Handles a GET or HEAD. Throws {@link MediaRefused}. */
export async function download(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const blob = world.media.find(url.pathname);
  if (!blob || !hashAgrees(blob, url)) throw new MediaRefused(404, 'no such media');
  blob.downloads++;
  if (blob.expired !== undefined) throw new MediaRefused(blob.expired, 'this media is expired');
  const { length } = blob.content;
  const range = readRange(request.headers.range, length);
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${length}`);
    throw new MediaRefused(416, `it has ${length} bytes`);
  }
  const { start, end } = range ?? { start: 0, end: length - 1 };
  if (range) response.setHeader('content-range', `bytes ${start}-${end}/${length}`);
  response.writeHead(range ? 206 : 200, {
    'content-type': blob.contentType,
    'content-length': end - start + 1,
    'accept-ranges': 'bytes',
    etag: `"${blob.content.sha256}"`,
    'last-modified': new Date(blob.at).toUTCString(),
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const file = await world.media.read(blob);
  await pipeline(file.createReadStream({ start, end }), response);
}

/**
 * whatsmeow says which encrypted hash it expects (`&hash=`, base64url with padding), empty where it knows none. That the
 * server minds is guessed.
 */
function hashAgrees(blob: StoredBlob, url: URL): boolean {
  const hash = url.searchParams.get('hash')?.replace(/=+$/, '');
  return !hash || hash === blob.content.sha256;
}
