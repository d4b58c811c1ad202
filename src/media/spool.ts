// Files of requests on their way: a body is written here as it comes, so that no file is ever whole in memory, and is
// gone when its request is answered. What a killed process left is removed at the next start.
import { createHash, randomBytes } from 'node:crypto';
import { unlink } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Failure } from '../errors.ts';
import { append, closed, create } from '../lib/disk.ts';
import { birthOf, hasEnded, processSpace } from '../lib/processes.ts';
import type { Batch, FileLimit, StoredFile } from './port.ts';

/** Of a process that cannot be seen from here nothing is left after so long. */
const STALE_MS = 24 * 3_600_000;

export class Spool {
  readonly #parent: string;
  /** Of this process: several may share the parent. */
  readonly #folder: string;
  #made: Promise<unknown> | undefined;

  constructor(parent: string) {
    this.#parent = parent;
    this.#folder = join(parent, `${space()}-${process.pid}-${birthOf(process.pid) ?? ''}`);
  }

  /** Removes what processes have left that are no more. */
  async start(): Promise<void> {
    await this.#make();
    for (const name of await readdir(this.#parent)) {
      const path = join(this.#parent, name);
      const [where, pid, birth = ''] = name.split('-');
      const over =
        where === space() ? hasEnded(Number(pid), birth) : Date.now() - (await stat(path)).mtimeMs > STALE_MS;
      if (over && path !== this.#folder) await rm(path, { recursive: true, force: true });
    }
  }

  batch(): Batch {
    const places: string[] = [];
    const place = () => {
      const path = join(this.#folder, randomBytes(16).toString('hex'));
      places.push(path);
      return path;
    };
    let bytes = 0;
    return {
      get bytes() {
        return bytes;
      },
      place,
      write: async (source, limit) => {
        await this.#make();
        const stored = await keep(source, place(), limit);
        bytes += stored.bytes;
        return stored;
      },
      async end() {
        if (places.length === 0) return;
        await Promise.all(places.splice(0).map(remove));
      },
    };
  }

  async #make(): Promise<void> {
    this.#made ??= mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await this.#made;
  }
}

/** Process numbers mean the same only within one such space. */
function space(): string {
  return createHash('sha256')
    .update(processSpace() ?? '')
    .digest('hex')
    .slice(0, 8);
}

/** Without a pipeline of streams: a small file is most often one chunk. */
async function keep(source: AsyncIterable<Uint8Array>, path: string, limit: FileLimit): Promise<StoredFile> {
  const chunks = source[Symbol.asyncIterator]();
  // Asked for at once: a source that fails while the file is opened is heard.
  let next = chunks.next();
  next.catch(() => {}); // it is awaited below
  let bytes = 0;
  try {
    const file = await create(path);
    try {
      for (let read = await next; !read.done; read = await next) {
        bytes += read.value.byteLength;
        if (bytes > limit.maxBytes) throw tooLarge(limit);
        await append(file, read.value);
        next = chunks.next();
      }
    } finally {
      await closed(file);
    }
  } catch (cause) {
    // Ends the source. Nobody waits for that: one that does not answer does not answer this either.
    chunks.return?.().catch(() => {});
    const full = ['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? '');
    throw full
      ? new Failure('STORE_FULL', 'The disk of DATA_DIR is full; nothing was done.', { cause })
      : cause;
  }
  return { path, bytes };
}

const unlinked = promisify(unlink);

/** A place may never have been used. */
async function remove(path: string): Promise<void> {
  await unlinked(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** The failure of a file over its limit. */
export function tooLarge({ field, maxBytes }: FileLimit): Failure {
  const sentence = `${field}: the file is larger than ${maxBytes / 1_000_000} MB.`;
  return new Failure('PAYLOAD_TOO_LARGE', sentence, { results: { field, max_bytes: maxBytes } });
}
