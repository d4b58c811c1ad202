/** Files on their way in and out, as the API uses them (port.ts): the spool, and what is made of files. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { Failure } from '../errors.ts';
import type { Service } from '../lib/service.ts';
import type { Batch, MediaLimits, MediaPort, StoredFile, Upload } from './port.ts';
import { type Kind, type Sniffed, sniff } from './sniff.ts';
import { Spool } from './spool.ts';
import { Transformer } from './transform.ts';

/** Longest that a picture may take, with the start of the process. */
const PICTURE_MS = 20_000;

export interface MediaOptions {
  /** Everything of this station is in here. */
  readonly folder: string;
  readonly limits: MediaLimits;
  readonly ffmpeg: string;
  /** What the process that looks into files may take, in bytes. */
  readonly memory: number;
  readonly log: Logger;
}

export class Media implements MediaPort, Service {
  readonly limits: MediaLimits;
  readonly #spool: Spool;
  readonly #transformer: Transformer;

  constructor({ folder, limits, ...options }: MediaOptions) {
    this.limits = limits;
    this.#spool = new Spool(join(folder, 'spool'));
    this.#transformer = new Transformer(options);
  }

  async start(): Promise<void> {
    await this.#spool.start();
  }

  async stop(): Promise<void> {
    this.#transformer.stop();
  }

  batch(): Batch {
    return this.#spool.batch();
  }

  async square(
    { path }: Upload,
    into: Batch,
    { field, edge }: { field: string; edge: number },
  ): Promise<StoredFile> {
    expect(await sniff(path), field, 'image');
    const to = into.place();
    await this.#transformer.do({ do: 'square', from: path, to, edge }, PICTURE_MS);
    return stored(to);
  }
}

async function stored(path: string): Promise<StoredFile> {
  return { path, bytes: (await stat(path)).size };
}

const words: Readonly<Record<Kind, string>> = {
  image: 'a picture (JPEG, PNG, WebP, GIF or AVIF)',
  video: 'a video (MP4, 3GP, QuickTime, WebM, Matroska or AVI)',
  audio: 'a sound (MP3, M4A, AAC, OGG, AMR, FLAC or WAV)',
  other: 'a file',
};

/** Fails with UNSUPPORTED_MEDIA_TYPE unless the file is of this kind. */
function expect(found: Sniffed, field: string, kind: Kind): void {
  if (found.kind === kind) return;
  const got = found.mimetype ?? 'something else';
  throw new Failure('UNSUPPORTED_MEDIA_TYPE', `${field}: expected ${words[kind]}, got ${got}.`, {
    results: { field },
  });
}
