/** Files on their way in and out, as the API uses them (port.ts): the spool, and what is made of files. */
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Guard } from '../lib/guard.ts';
import type { Service } from '../lib/service.ts';
import { Fetcher } from './fetch.ts';
import { KeptFiles } from './files.ts';
import { removeLeftovers } from './leftovers.ts';
import { Links } from './links.ts';
import type { Batch, FetchLimit, Linked, MediaLimits, MediaPort, Upload } from './port.ts';
import * as prepare from './prepare.ts';
import { Spool } from './spool.ts';
import { Transformer } from './transform.ts';

/** How long it is believed that there is no ffmpeg. */
const ASK_AGAIN_MS = 60_000;
const ANSWERS_WITHIN_MS = 5_000;

export interface MediaOptions {
  /** Everything of this station is in here. */
  readonly folder: string;
  readonly limits: MediaLimits;
  readonly ffmpeg: string;
  /** What the process that looks into files may take, in bytes. */
  readonly memory: number;
  readonly guard: Guard;
  /** Of files that were downloaded. */
  readonly kept: { readonly maxBytes: number; readonly maxAgeMs: number; readonly linkMs: number };
  readonly log: Logger;
}

export class Media implements MediaPort, Service {
  readonly limits: MediaLimits;
  readonly #ffmpeg: string;
  readonly #log: Logger;
  readonly #spool: Spool;
  readonly #fetcher: Fetcher;
  readonly #transformer: Transformer;
  readonly #files: KeptFiles;
  readonly #links: Links;
  readonly #do: prepare.Do = (job, ms) => this.#transformer.do(job, ms);
  #asked: { readonly at: number; readonly there: Promise<boolean> } | undefined;

  constructor({ folder, limits, guard, kept, ...options }: MediaOptions) {
    this.limits = limits;
    this.#ffmpeg = options.ffmpeg;
    this.#log = options.log;
    this.#spool = new Spool(join(folder, 'spool'));
    this.#fetcher = new Fetcher(guard);
    this.#transformer = new Transformer(options);
    this.#files = new KeptFiles({ ...kept, folder: join(folder, 'files'), log: options.log });
    this.#links = new Links(kept.linkMs);
  }

  async start(): Promise<void> {
    await this.#spool.start();
    await removeLeftovers(tmpdir()).catch((err: unknown) =>
      this.#log.warn({ err }, 'encrypted files of earlier uploads stay for now'),
    );
    await this.#files.start();
  }

  async stop(): Promise<void> {
    this.#transformer.stop();
    await this.#fetcher.stop();
    await this.#files.stop();
  }

  async notes(): Promise<readonly string[]> {
    if (await this.#hasFfmpeg()) return [];
    return [
      `There is no ffmpeg at ${this.#ffmpeg}: voice notes, videos that must be converted and stickers of videos cannot be sent, and videos have no thumbnails.`,
    ];
  }

  get keptBytes(): number {
    return this.#files.maxBytes;
  }

  folderOf(deviceNo: number): string {
    return this.#files.folderOf(deviceNo);
  }

  forget(deviceNo: number): Promise<void> {
    return this.#files.forget(deviceNo);
  }

  link(to: Linked): string {
    return this.#links.token(to);
  }

  linked(token: string): Linked | undefined {
    return this.#links.open(token);
  }

  batch(): Batch {
    return this.#spool.batch();
  }

  fetch(url: string, into: Batch, limit: FetchLimit): Promise<Upload> {
    return this.#fetcher.fetch(url, into, limit);
  }

  readonly square: MediaPort['square'] = (...of) => prepare.square(this.#do, ...of);
  readonly picture: MediaPort['picture'] = (...of) => prepare.picture(this.#do, ...of);
  readonly film: MediaPort['film'] = (...of) => prepare.film(this.#do, ...of);
  readonly sound: MediaPort['sound'] = (...of) => prepare.sound(this.#do, ...of);
  readonly sticker: MediaPort['sticker'] = (...of) => prepare.sticker(this.#do, ...of);
  readonly typeOf: MediaPort['typeOf'] = ({ path }) => prepare.typeOf(path);

  /** One that is there stays; one that is not may be installed. */
  async #hasFfmpeg(): Promise<boolean> {
    if (this.#asked && ((await this.#asked.there) || performance.now() - this.#asked.at < ASK_AGAIN_MS))
      return this.#asked.there;
    const there = new Promise<boolean>(resolve => {
      execFile(this.#ffmpeg, ['-version'], { timeout: ANSWERS_WITHIN_MS }, error => resolve(error === null));
    });
    this.#asked = { at: performance.now(), there };
    return there;
  }
}
