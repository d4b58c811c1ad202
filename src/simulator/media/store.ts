// What the media host keeps: every blob is a file, so that neither uploads nor many blobs cost memory. Within a budget:
// when it is full the oldest go first, and are gone for whoever asks.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, unlink, unlinkSync, writeFileSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MediaType } from './cipher.ts';
import { contentTypeOf, directPathOf } from './paths.ts';

/** Bytes on disk; several blobs may be the same bytes (a re-upload is). */
interface Content {
  readonly name: string;
  readonly length: number;
  /** Base64url, no padding: what an upload's token says. */
  readonly sha256: string;
  readonly blobs: Set<StoredBlob>;
}

/** One address of the media host. */
export interface StoredBlob {
  readonly content: Content;
  /** With its query, as a message carries it. */
  readonly directPath: string;
  readonly type: MediaType;
  readonly contentType: string;
  /** Unix ms. */
  readonly at: number;
  /** How often it was asked for. */
  downloads: number;
  /** Set when its time is over: the status that it is answered with. The phone still has the bytes. */
  expired: ExpiredStatus | undefined;
}

export type ExpiredStatus = 404 | 410;

/** What to call a blob that was stored. */
export interface StoredMedia {
  readonly directPath: string;
  /** `https://host/…`, on the first media host. */
  readonly url: string;
  /** SHA-256 of the stored bytes: `fileEncSha256` of encrypted media. */
  readonly sha256: Buffer;
  readonly length: number;
}

export interface StoreState {
  readonly blobs: readonly {
    name: string;
    length: number;
    sha256: string;
    directPath: string;
    type: MediaType;
    contentType: string;
    at: number;
    expired?: ExpiredStatus;
  }[];
}

/** The budget is full of uploads that are not complete, or one blob is larger than all of it. */
export class StoreFull extends Error {
  override readonly name = 'StoreFull';
}

/** So that countless tiny blobs end as well. */
const MAX_CONTENTS = 100_000;

export class MediaStore {
  /** Bytes that all blobs together may have. */
  readonly budget: number;
  readonly #kept: string | undefined;
  #folder: string | undefined;
  #bytes = 0;
  readonly #contents = new Map<string, Content>();
  readonly #bySha256 = new Map<string, Content>();
  readonly #byPath = new Map<string, StoredBlob>();
  /** `host:port` of each media host, set once it listens. */
  hosts: readonly string[] = [];

  /** Unix milliseconds: the world's clock, once there is a world. */
  now: () => number = Date.now;

  /** Files are kept in `folder`; without one in a temporary folder that {@link close} removes. */
  constructor(budget: number, folder?: string) {
    this.budget = budget;
    this.#kept = folder;
  }

  get bytes(): number {
    return this.#bytes;
  }

  all(): IterableIterator<StoredBlob> {
    return this.#byPath.values();
  }

  /** Stores bytes at once. Throws {@link StoreFull} when they are more than the whole budget. */
  put(bytes: Uint8Array, about: { type: MediaType; contentType?: string }): StoredMedia {
    this.reserve(bytes.length);
    const name = freshName();
    writeFileSync(this.pathOf(name), bytes, { mode: 0o600 });
    return this.add(name, bytes.length, createHash('sha256').update(bytes).digest(), about);
  }

  /** A file that was written in the folder, its length reserved, becomes a blob. */
  add(
    name: string,
    length: number,
    sha256: Buffer,
    about: { type: MediaType; contentType?: string },
  ): StoredMedia {
    const content = { name, length, sha256: sha256.toString('base64url'), blobs: new Set<StoredBlob>() };
    this.#keep(content);
    const blob = this.#address(content, about.type, about.contentType ?? contentTypeOf(about.type));
    return { directPath: blob.directPath, url: this.urlOf(blob.directPath), sha256, length };
  }

  urlOf(directPath: string): string {
    return `https://${this.hosts[0] ?? 'localhost'}${directPath}`;
  }

  /** The blob at a direct path; its query does not matter. */
  find(directPath: string): StoredBlob | undefined {
    return this.#byPath.get(pathPart(directPath));
  }

  /** The newest blob of these bytes that is not expired. */
  bySha256(sha256: string): StoredBlob | undefined {
    const blobs = [...(this.#bySha256.get(sha256)?.blobs ?? [])];
    return blobs.findLast(blob => blob.expired === undefined);
  }

  /** The same bytes under another address, as after a phone's re-upload: one that still holds, or a new one. */
  again(blob: StoredBlob): StoredBlob {
    const held = [...blob.content.blobs].findLast(one => one !== blob && one.expired === undefined);
    return held ?? this.#address(blob.content, blob.type, blob.contentType);
  }

  /** A handle to the bytes: it outlives their eviction. The caller closes it. */
  read(blob: StoredBlob): Promise<FileHandle> {
    return open(this.pathOf(blob.content.name), 'r');
  }

  /** A new file to write into, to be given to {@link add} or {@link discard}. */
  async create(): Promise<{ name: string; handle: FileHandle }> {
    const name = freshName();
    return { name, handle: await open(this.pathOf(name), 'wx', 0o600) };
  }

  /** Makes room; what is reserved counts until it is released. Throws {@link StoreFull}. */
  reserve(length: number): void {
    while (this.#bytes + length > this.budget || this.#contents.size >= MAX_CONTENTS) {
      const [oldest] = this.#contents.values();
      if (!oldest) throw new StoreFull(`the media store has ${this.budget} bytes`);
      this.#evict(oldest);
    }
    this.#bytes += length;
  }

  /** Removes a file that became no blob, and gives its reserved bytes back. */
  discard(name: string, reserved: number): void {
    this.#bytes -= reserved;
    unlink(this.pathOf(name), () => {}); // gone already is as good
  }

  /** Removes a blob's bytes and every address of them. */
  delete(blob: StoredBlob): void {
    this.#evict(blob.content);
  }

  pathOf(name: string): string {
    return join(this.#ensureFolder(), name);
  }

  capture(): StoreState {
    const blobs = [...this.#byPath.values()].map(
      ({ content, directPath, type, contentType, at, expired }) => ({
        name: content.name,
        length: content.length,
        sha256: content.sha256,
        directPath,
        type,
        contentType,
        at,
        ...(expired === undefined ? {} : { expired }),
      }),
    );
    return { blobs };
  }

  /** What the state names and the folder still has. */
  restore(state: StoreState): void {
    const files = new Set(readdirSync(this.#ensureFolder()));
    for (const kept of state.blobs) {
      if (!files.has(kept.name)) continue;
      let content = this.#contents.get(kept.name);
      if (!content) {
        content = { name: kept.name, length: kept.length, sha256: kept.sha256, blobs: new Set() };
        this.#keep(content);
        this.#bytes += kept.length;
      }
      this.#enter({ ...kept, content, downloads: 0, expired: kept.expired });
    }
  }

  /** Removes the temporary folder. */
  async close(): Promise<void> {
    if (this.#folder !== undefined && this.#kept === undefined)
      await rm(this.#folder, { recursive: true, force: true });
  }

  #keep(content: Content): void {
    this.#contents.set(content.name, content);
    this.#bySha256.set(content.sha256, content);
  }

  #address(content: Content, type: MediaType, contentType: string): StoredBlob {
    const directPath = directPathOf(type, this.now());
    return this.#enter({
      content,
      directPath,
      type,
      contentType,
      at: this.now(),
      downloads: 0,
      expired: undefined,
    });
  }

  #enter(blob: StoredBlob): StoredBlob {
    blob.content.blobs.add(blob);
    this.#byPath.set(pathPart(blob.directPath), blob);
    return blob;
  }

  #evict(content: Content): void {
    for (const blob of content.blobs) this.#byPath.delete(pathPart(blob.directPath));
    if (this.#bySha256.get(content.sha256) === content) this.#bySha256.delete(content.sha256);
    this.#contents.delete(content.name);
    this.discard(content.name, content.length);
  }

  #ensureFolder(): string {
    if (this.#folder !== undefined) return this.#folder;
    if (this.#kept === undefined) this.#folder = mkdtempSync(join(tmpdir(), 'simulator-media-'));
    else {
      mkdirSync(this.#kept, { recursive: true, mode: 0o700 });
      this.#folder = this.#kept;
    }
    return this.#folder;
  }

  /** Removes files that nobody knows: of a simulator that was killed before it saved, or in the middle of an upload. */
  sweep(): void {
    if (this.#kept === undefined || !existsSync(this.#kept)) return;
    for (const name of readdirSync(this.#kept))
      if (OWN_NAME.test(name) && !this.#contents.has(name)) unlinkSync(join(this.#kept, name));
  }
}

/** The shape of {@link freshName}: nothing else in the folder is ours. */
const OWN_NAME = /^[0-9a-f]{32}$/;

function freshName(): string {
  return randomBytes(16).toString('hex');
}

function pathPart(directPath: string): string {
  const query = directPath.indexOf('?');
  return query < 0 ? directPath : directPath.slice(0, query);
}
