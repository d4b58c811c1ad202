// A file as an answer: whole or a range of it, and in such a way that nothing in it can do anything in a browser.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Context } from 'hono';

export interface ServedFile {
  readonly path: string;
  readonly mimetype: string;
  readonly filename: string;
  /** Changes when the bytes do. */
  readonly tag: string;
}

interface ByteRange {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

/** Undefined when the file is not there (any more). Answers GET and HEAD, with Range, If-Range and If-None-Match. */
export async function fileAnswer(
  c: Context,
  { path, mimetype, filename, tag }: ServedFile,
): Promise<Response | undefined> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!stats) return undefined;
  const etag = `"${tag}"`;
  const headers: Record<string, string> = {
    etag,
    'accept-ranges': 'bytes',
    'content-disposition': disposition(filename),
    // HTML or SVG of a stranger must not run its scripts as a page of ours.
    'content-security-policy': "sandbox; default-src 'none'",
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
    'cache-control': 'private, no-cache',
  };
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304, headers);
  headers['content-type'] = safeType(mimetype);
  const ifRange = c.req.header('if-range');
  const range =
    ifRange === undefined || ifRange === etag ? rangeOf(c.req.header('range'), stats.size) : undefined;
  if (range === 'unsatisfiable')
    return c.body(null, 416, { ...headers, 'content-range': `bytes */${stats.size}` });
  const { start, end } = range ?? { start: 0, end: stats.size - 1 };
  headers['content-length'] = String(end - start + 1);
  if (range) headers['content-range'] = `bytes ${start}-${end}/${stats.size}`;
  const status = range ? 206 : 200;
  if (c.req.method === 'HEAD' || stats.size === 0) return c.body(null, status, headers);
  const file = createReadStream(path, { start, end, highWaterMark: 128 * 1024 });
  return c.body(Readable.toWeb(file) as ReadableStream, status, headers);
}

/** One range, as RFC 9110 (14.1.2) has it; several, or what is no range, is the whole file. */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length > 0 ? { start: size - length, end: size - 1 } : 'unsatisfiable';
  }
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return undefined;
  return start < size ? { start, end } : 'unsatisfiable';
}

/** RFC 6266 with RFC 8187: for old clients without what is not ASCII, for others whole. */
export function disposition(filename: string): string {
  const plain = filename.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const whole = encodeURIComponent(filename.replace(/\p{Surrogate}/gu, '')).replace(
    /['()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${whole}`;
}

function matches(header: string | undefined, etag: string): boolean {
  return header?.split(',').some(one => ['*', etag, `W/${etag}`].includes(one.trim())) ?? false;
}

/** A sender wrote it: it becomes no other header. */
function safeType(mimetype: string): string {
  return /^[a-z0-9.+-]+\/[a-z0-9.+-]+(?:; ?[a-z0-9-]+=[a-z0-9.+-]+)?$/i.test(mimetype)
    ? mimetype
    : 'application/octet-stream';
}
