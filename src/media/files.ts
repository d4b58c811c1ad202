/**
 * Files that were downloaded, by device: kept for a while, so that the next who asks has them at once. Their names are
 * hashes that nobody can guess. What is old goes, and what is more than there may be, the oldest first.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Service } from '../lib/service.ts';

const EVERY_MS = 10 * 60_000;
/** No download takes longer: what is called a part then was left by a process that died. */
const PART_MS = 3_600_000;

export interface KeptFilesOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly log: Logger;
}

interface Found {
  readonly path: string;
  readonly bytes: number;
  readonly at: number;
}

export class KeptFiles implements Service {
  readonly maxBytes: number;
  readonly #options: KeptFilesOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: KeptFilesOptions) {
    this.#options = options;
    this.maxBytes = options.maxBytes;
  }

  folderOf(deviceNo: number): string {
    return join(this.#options.folder, String(deviceNo));
  }

  async start(): Promise<void> {
    const run = () => {
      this.#running = this.tidy().catch((err: unknown) =>
        this.#options.log.warn({ err }, 'old files stay for now'),
      );
    };
    this.#timer = setInterval(run, EVERY_MS);
    this.#timer.unref();
    run();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  /** Removes what is there of a device. */
  async forget(deviceNo: number): Promise<void> {
    await rm(this.folderOf(deviceNo), { recursive: true, force: true });
  }

  /** Removes what is old, and the oldest of what is too much. */
  async tidy(now = Date.now()): Promise<void> {
    const { maxAgeMs, maxBytes } = this.#options;
    const files = (await this.#all()).sort((one, other) => other.at - one.at);
    let bytes = 0;
    for (const { path, at, bytes: size } of files) {
      const age = now - at;
      const kept = path.endsWith('.part') ? age < PART_MS : age < maxAgeMs && bytes + size <= maxBytes;
      if (kept) bytes += size;
      else await rm(path, { force: true });
    }
  }

  async #all(): Promise<Found[]> {
    const { folder } = this.#options;
    const found: Found[] = [];
    for (const device of await unlessMissing(readdir(folder), []))
      for (const name of await unlessMissing(readdir(join(folder, device)), [])) {
        const path = join(folder, device, name);
        const stats = await unlessMissing(stat(path), undefined);
        if (stats?.isFile()) found.push({ path, bytes: stats.size, at: stats.mtimeMs });
      }
    return found;
  }
}

/** Another node that shares the folder may have removed it. */
async function unlessMissing<T, F>(read: Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await read;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
}
