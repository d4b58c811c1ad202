// Handing out blobs: whole, or the range that a client asks for (protocol.md 12).
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { World } from '../world.ts';
import { type ByteRange, readRange } from './range.ts';
import { MediaRefused } from './respond.ts';
import { altered, cut, slowed } from './spoil.ts';
import type { StoredBlob } from './store.ts';

/** A read of a file, and what a slow client keeps waiting. Reused, because a stream's own buffers are 30 MB of garbage at a time. */
const PIECE = 128 * 1024;

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
  const faults = world.faults.armed;
  const refused = faults?.fire('media.status');
  if (refused) throw new MediaRefused(refused.status, 'refused on purpose');
  const length = Math.max(0, blob.content.length - (faults?.fire('media.wrong-length')?.missing ?? 0));
  const range = readRange(request.headers.range, length);
  if (range === 'unsatisfiable') {
    response.setHeader('content-range', `bytes */${length}`);
    throw new MediaRefused(416, `it has ${length} bytes`);
  }
  const asked = range ?? { start: 0, end: length - 1 };
  if (range) response.setHeader('content-range', `bytes ${range.start}-${range.end}/${length}`);
  response.writeHead(range ? 206 : 200, {
    'content-type': blob.contentType,
    'content-length': asked.end - asked.start + 1,
    'accept-ranges': 'bytes',
    etag: `"${blob.content.sha256}"`,
    'last-modified': new Date(blob.at).toUTCString(),
  });
  if (request.method === 'HEAD' || length === 0) response.end();
  else await send(world, blob, asked, response);
}

async function send(
  world: World,
  blob: StoredBlob,
  range: ByteRange,
  response: ServerResponse,
): Promise<void> {
  const file = await world.media.read(blob);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    for await (const bytes of spoiled(world, pieces(file, range), range, gone.signal))
      await write(response, bytes, gone.signal);
    response.end();
  } finally {
    await file.close();
  }
}

/** Every piece is in the same buffer: whoever takes one is done with it before the next. */
async function* pieces(file: FileHandle, { start, end }: ByteRange): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(PIECE);
  for (let at = start; at <= end; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(PIECE, end + 1 - at), at);
    if (bytesRead === 0) throw new Error('the file of a blob is too short');
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Resolves when the bytes are out of our hands. Rejects when the client is gone, whether or not the write says so. */
function write(response: ServerResponse, bytes: Buffer, gone: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => reject(new Error('the client is gone'));
    if (gone.aborted) return end();
    gone.addEventListener('abort', end);
    response.write(bytes, error => {
      gone.removeEventListener('abort', end);
      if (error) reject(error);
      else resolve();
    });
  });
}

/** The bytes of a range as the armed faults let them through. */
function spoiled(
  { faults: { armed } }: World,
  source: AsyncIterable<Buffer>,
  { start, end }: ByteRange,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  const length = end - start + 1;
  let bytes = source;
  if (armed?.fire('media.bad-mac')) bytes = altered(bytes, length - 1);
  if (armed?.fire('media.corrupt')) bytes = altered(bytes, Math.floor(length / 2));
  const truncated = armed?.fire('media.truncated');
  // All of it and then the end would be no fault.
  if (truncated) bytes = cut(bytes, Math.min(length - 1, Math.floor(length * truncated.share)));
  const slow = armed?.fire('media.slow');
  if (slow) bytes = slowed(bytes, slow.bytesPerSecond, signal);
  return bytes;
}

/**
 * whatsmeow says which encrypted hash it expects (`&hash=`, base64url with padding), empty where it knows none. That the
 * server minds is guessed.
 */
function hashAgrees(blob: StoredBlob, url: URL): boolean {
  const hash = url.searchParams.get('hash')?.replace(/=+$/, '');
  return !hash || hash === blob.content.sha256;
}
