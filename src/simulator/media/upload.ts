// Taking what clients upload: streamed to a file, checked against its token, resumable (protocol.md 12).
import { createHash, randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Device } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import { readAuth } from './auth.ts';
import { readUploadPath, type UploadPath } from './paths.ts';
import { MediaRefused, sendJson } from './respond.ts';
import { CutOff, cut, slowed } from './spoil.ts';
import { type MediaStore, type StoredMedia, StoreFull } from './store.ts';

/** The largest document that WhatsApp takes. */
export const MAX_UPLOAD = 2 * 1024 ** 3;

/** An upload that is not complete: running, or left behind by a client that may come back for it. */
interface Partial {
  readonly name: string;
  readonly handle: FileHandle;
  readonly hash: ReturnType<typeof createHash>;
  length: number;
}

interface UploadCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Whose token it came with. */
  readonly device: Device;
}

/** Of those that were left behind; the oldest go first. */
const KEPT_PARTIALS = 32;

export class Uploads {
  readonly #world: World;
  readonly #store: MediaStore;
  /** By token. What is running is not in here: two uploads of the same never share a file. */
  readonly #partials = new Map<string, Partial>();

  constructor(world: World) {
    this.#world = world;
    this.#store = world.media;
  }

  /** Handles a POST or PUT. Throws {@link MediaRefused}. */
  async handle(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const path = readUploadPath(url.pathname);
    if (!path) throw new MediaRefused(404, 'not a path that media is uploaded to');
    const device = readAuth(this.#world, url.searchParams.get('auth') ?? '');
    if (!device) throw new MediaRefused(401, 'auth is not one that media_conn gave, or its time is over');
    const refused = this.#world.faults.armed?.fire('media.upload-status', device);
    if (refused) throw new MediaRefused(refused.status, 'refused on purpose');
    if (url.searchParams.has('resume')) {
      request.resume();
      sendJson(response, 200, this.#progress(path));
      return;
    }
    const offset = Number(url.searchParams.get('file_offset') ?? 0);
    const stored = await this.#take({ request, response, device }, path, offset);
    sendJson(response, 200, answer(path, stored));
  }

  /** Handles a DELETE, with which whatsmeow (DeleteMedia) clears a history blob away. Throws {@link MediaRefused}. */
  remove(response: ServerResponse, url: URL): void {
    const path = readUploadPath(url.pathname);
    if (!path || !readAuth(this.#world, url.searchParams.get('auth') ?? ''))
      throw new MediaRefused(path ? 401 : 404, path ? 'not authorised' : 'no such media');
    const directPath = Buffer.from(url.searchParams.get('d_md') ?? '', 'base64url').toString();
    const blob = this.#store.find(directPath);
    if (blob?.content.sha256 !== path.token) throw new MediaRefused(404, 'no such media');
    this.#store.delete(blob);
    this.#world.changed();
    sendJson(response, 200, {});
  }

  /** Closes the files of what was left behind. */
  async close(): Promise<void> {
    const left = [...this.#partials.values()];
    this.#partials.clear();
    await Promise.all(left.map(one => this.#drop(one)));
  }

  /** How far an upload got (whatsapp-rust src/upload.rs asks from 5 MiB on, as WhatsApp Web does). */
  #progress({ token }: UploadPath): Record<string, string> {
    const done = this.#store.bySha256(token);
    if (done) {
      const { directPath } = done;
      return { resume: 'complete', url: this.#store.urlOf(directPath), direct_path: directPath };
    }
    return { resume: String(this.#partials.get(token)?.length ?? 0) };
  }

  async #take(call: UploadCall, path: UploadPath, offset: number): Promise<StoredMedia> {
    const { request } = call;
    const limit = Math.min(MAX_UPLOAD, this.#store.budget);
    if (offset + Number(request.headers['content-length'] ?? 0) > limit)
      throw new MediaRefused(413, `an upload has at most ${limit} bytes`);
    const partial = await this.#start(path.token, offset);
    let whole = false;
    try {
      for await (const chunk of this.#bytesOf(call)) {
        if (partial.length + chunk.length > limit)
          throw new MediaRefused(413, `an upload has at most ${limit} bytes`);
        this.#store.reserve(chunk.length);
        partial.length += chunk.length;
        await write(partial.handle, chunk);
        partial.hash.update(chunk);
      }
      whole = true;
    } catch (error) {
      if (error instanceof StoreFull) throw new MediaRefused(507, error.message);
      if (error instanceof CutOff) request.destroy();
      throw error;
    } finally {
      // Cut off: what came is worth keeping. Refused: it is not.
      if (!whole && request.destroyed && !request.complete) await this.#leave(path.token, partial);
      else if (!whole) await this.#drop(partial);
    }
    return this.#finish(partial, path);
  }

  /** What the client sends, as the armed faults let it through. It may be left early without the connection's end. */
  #bytesOf({ request, response, device }: UploadCall): AsyncIterable<Buffer> {
    const { armed } = this.#world.faults;
    let bytes = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
    const slow = armed?.fire('media.upload-slow', device);
    if (slow) {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      bytes = slowed(bytes, slow.bytesPerSecond, gone.signal);
    }
    const ends = armed?.fire('media.upload-cut', device);
    return ends ? cut(bytes, ends.afterBytes) : bytes;
  }

  async #finish(partial: Partial, path: UploadPath): Promise<StoredMedia> {
    const sha256 = partial.hash.digest();
    if (sha256.toString('base64url') !== path.token || partial.length === 0) {
      await this.#drop(partial);
      throw new MediaRefused(400, 'the token is not the SHA-256 of what was uploaded');
    }
    await partial.handle.close();
    const stored = this.#store.add(partial.name, partial.length, sha256, { type: path.type });
    this.#world.changed();
    return stored;
  }

  async #start(token: string, offset: number): Promise<Partial> {
    const left = this.#partials.get(token);
    this.#partials.delete(token);
    if (offset > 0) {
      if (left?.length === offset) return left;
      if (left) this.#partials.set(token, left);
      throw new MediaRefused(409, `this upload goes on at ${left?.length ?? 0}, not at ${offset}`);
    }
    if (left) await this.#drop(left);
    return { ...(await this.#store.create()), hash: createHash('sha256'), length: 0 };
  }

  async #leave(token: string, partial: Partial): Promise<void> {
    const older = this.#partials.get(token);
    this.#partials.set(token, partial);
    if (older) await this.#drop(older);
    const [oldest] = this.#partials;
    if (oldest && this.#partials.size > KEPT_PARTIALS) {
      this.#partials.delete(oldest[0]);
      await this.#drop(oldest[1]);
    }
  }

  async #drop(partial: Partial): Promise<void> {
    await partial.handle.close();
    this.#store.discard(partial.name, partial.length);
  }
}

async function write(file: FileHandle, chunk: Buffer): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
}

/** What clients read of the answer: whatsmeow UploadResponse (handle: newsletters), Baileys getWAUploadToServer. */
function answer({ type }: UploadPath, { url, directPath }: StoredMedia): Record<string, unknown> {
  const handle = { handle: randomBytes(24).toString('base64url') };
  const cover = {
    fbid: BigInt(`0x${randomBytes(6).toString('hex')}`).toString(),
    meta_hmac: randomBytes(32).toString('base64url'),
    ts: Math.floor(Date.now() / 1000),
  };
  return {
    url,
    direct_path: directPath,
    ...(type === 'newsletter' && handle),
    ...(type === 'biz-cover-photo' && cover),
  };
}
