// A file that a caller names by URL: fetched through the guard, counted as it comes, and never unpacked.
import { Agent, type Dispatcher, request } from 'undici';
import { Failure } from '../errors.ts';
import { cleanName } from '../lib/file-name.ts';
import { Forbidden, type Guard } from '../lib/guard.ts';
import { Places } from './places.ts';
import type { Batch, FetchLimit, FileLimit, Upload } from './port.ts';
import { tooLarge } from './spool.ts';

/** All of it, redirects too. */
const WITHIN_MS = 60_000;
const MOST_REDIRECTS = 5;
/** Until it is begun: with more, a caller hears nothing for longer than most callers wait. */
const WAIT_MS = 30_000;
/** At once for each device, and for all of them: so many sockets, and files that come in. */
const EACH = 4;
const IN_ALL = 32;

export interface FetcherOptions {
  readonly withinMs?: number;
  readonly waitMs?: number;
  readonly each?: number;
  readonly inAll?: number;
}

/** Fetches files by URL. Connections are made through the guard, and are not kept. */
export class Fetcher {
  readonly #guard: Guard;
  readonly #agent: Agent;
  readonly #withinMs: number;
  readonly #places: Places;

  constructor(guard: Guard, options: FetcherOptions = {}) {
    const { withinMs = WITHIN_MS, waitMs = WAIT_MS, each = EACH, inAll = IN_ALL } = options;
    this.#guard = guard;
    this.#withinMs = withinMs;
    this.#places = new Places({ each, inAll, waitMs, late: () => new Failure('URL_BUSY') });
    // Connections are not kept: the next URL is of somebody else.
    this.#agent = new Agent({ connect: { lookup: guard.lookup }, pipelining: 0, connections: null });
  }

  /**
   * When it is the device's turn; a URL that cannot be asked is refused at once. Fails with URL_FORBIDDEN, URL_FAILED,
   * URL_BUSY, PAYLOAD_TOO_LARGE, STORE_FULL or SHUTTING_DOWN.
   */
  async fetch(written: string, into: Batch, { deviceNo, ...limit }: FetchLimit): Promise<Upload> {
    this.#checked(written, limit.field);
    return this.#places.within(deviceNo, () => this.#fetch(written, into, limit));
  }

  async #fetch(written: string, into: Batch, limit: FileLimit): Promise<Upload> {
    const signal = AbortSignal.timeout(this.#withinMs);
    try {
      const { url, response } = await this.#follow(written, signal);
      const { headers, body } = response;
      if (Number(headers['content-length']) > limit.maxBytes) {
        body.on('error', () => {}).destroy();
        throw tooLarge(limit);
      }
      const stored = await into.write(body, limit);
      if (stored.bytes === 0) throw failed('it is empty');
      const filename = nameOf(headers['content-disposition'], url);
      const [mimetype = ''] = [headers['content-type'] ?? ''].flat();
      return { ...stored, mimetype: mimetype.toLowerCase(), ...(filename !== undefined && { filename }) };
    } catch (cause) {
      throw asFailure(cause, limit.field, signal);
    }
  }

  async stop(): Promise<void> {
    this.#places.stop();
    await this.#agent.destroy();
  }

  #checked(written: string, field: string): void {
    try {
      this.#guard.check(written);
    } catch (cause) {
      throw asFailure(cause, field);
    }
  }

  async #follow(
    written: string,
    signal: AbortSignal,
  ): Promise<{ url: URL; response: Dispatcher.ResponseData }> {
    let url = this.#guard.check(written);
    for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
      const response = await request(url, {
        dispatcher: this.#agent,
        signal,
        headers: { 'accept-encoding': 'identity', accept: '*/*', 'user-agent': 'Cardume' },
      });
      const { statusCode, headers, body } = response;
      const [encoding] = [headers['content-encoding'] ?? 'identity'].flat();
      if (statusCode === 200 && encoding === 'identity') return { url, response };
      body.on('error', () => {}).destroy();
      if (statusCode === 200) throw failed('it comes compressed, though that was not asked for');
      const [location] = [headers.location].flat();
      if (statusCode < 300 || statusCode >= 400 || !location || !URL.canParse(location, url.href))
        throw failed(`its server answers ${statusCode}`);
      url = this.#guard.check(new URL(location, url).href);
    }
    throw failed('it is redirected too often');
  }
}

function failed(why: string): Failure {
  return new Failure('URL_FAILED', why);
}

/** What is said has nothing of our network in it: whether a port is open is nobody's business. */
function asFailure(cause: unknown, field: string, signal?: AbortSignal): Failure {
  const results = { field };
  if (cause instanceof Forbidden)
    return new Failure('URL_FORBIDDEN', `${field}: the URL is not fetched: ${cause.message}.`, {
      cause,
      results,
    });
  if (cause instanceof Failure && cause.code !== 'URL_FAILED') return cause;
  const why =
    cause instanceof Failure
      ? cause.message
      : signal?.aborted
        ? 'its server takes too long'
        : 'its server cannot be reached';
  return new Failure('URL_FAILED', `${field}: the URL could not be fetched: ${why}.`, { cause, results });
}

/** The name that the server gives it, or the last part of the URL. */
function nameOf(disposition: string | string[] | undefined, { pathname }: URL): string | undefined {
  const [header = ''] = [disposition ?? ''].flat();
  const extended = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1];
  const plain = /filename="?([^";]+)"?/i.exec(header)?.[1];
  return cleanName(decoded(extended ?? '') || plain || decoded(pathname));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // percent signs that mean themselves
  }
}
