import { setMaxListeners } from 'node:events';
import { Agent, request } from 'undici';
import type { Outcome } from './schedule.ts';

/** One attempt to be made. */
export interface Letter {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly skipTlsVerify: boolean;
  /** The operator's own word (WEBHOOK_URL): its address is not judged. */
  readonly trusted?: boolean;
  /** Milliseconds for the whole POST, its answer included; 15 s unless given. */
  readonly timeoutMs?: number;
}

export interface PosterOptions {
  /** How many POSTs there may be at a time. */
  readonly inFlight: number;
  /** Ours, for the user-agent. */
  readonly version: string;
  /** Milliseconds for a whole POST, its answer included. */
  readonly deadlineMs?: number;
}

const CONNECT_MS = 3_000;
const DEADLINE_MS = 15_000;
const LONGEST_MS = 30_000;
/** Of an answer only the status counts; this much is read so that the connection can be used again. */
const ANSWER_BYTES = 64 * 1024;
/** And this much is kept of it. */
const HEAD_BYTES = 1024;
/** Under the 75 s of nginx and the 60 s of most load balancers; a server that says less (Keep-Alive) is believed. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Makes the POSTs, over kept connections (a new TLS connection per event costs 30 times as much CPU).
 * HTTP/1.1 without pipelining: one slow answer must not hold another's. Redirects are not followed.
 *
 * There is a connection for every POST that may be under way (`inFlight`), not a fixed few for each origin: undici would
 * queue the rest, where their deadline runs out, and a stuck endpoint would hold up its neighbours on the same host.
 * How many one endpoint may have is the deliverer's to limit. An address check (SSRF) belongs in `connect.lookup` here.
 */
export class Poster {
  readonly #verified: Agent;
  readonly #unverified: Agent;
  readonly #userAgent: string;
  readonly #deadlineMs: number;
  readonly #cut = new AbortController();

  constructor({ inFlight, version, deadlineMs = DEADLINE_MS }: PosterOptions) {
    this.#userAgent = `cardume/${version}`;
    this.#deadlineMs = deadlineMs;
    this.#verified = agent(inFlight, true);
    this.#unverified = agent(inFlight, false);
    setMaxListeners(0, this.#cut.signal);
  }

  /** Never rejects: what goes wrong is the outcome. `cut` when `cut()` ended it, which says nothing about the endpoint. */
  async post(letter: Letter): Promise<Outcome | 'cut'> {
    const deadline = new AbortController();
    const ms = letter.timeoutMs ?? this.#deadlineMs;
    // One timer over everything: undici's own body timeout starts again with every byte of a dripping answer.
    const timer = setTimeout(() => deadline.abort(), ms);
    const cut = () => deadline.abort();
    this.#cut.signal.addEventListener('abort', cut, { once: true });
    if (this.#cut.signal.aborted) cut();
    try {
      return await this.#send(letter, deadline.signal);
    } catch (error) {
      if (this.#cut.signal.aborted) return 'cut';
      return {
        error: deadline.signal.aborted ? `no answer within ${ms / 1000} s` : reason(error),
      };
    } finally {
      clearTimeout(timer);
      this.#cut.signal.removeEventListener('abort', cut);
    }
  }

  /** Ends every POST that is under way, and those to come. */
  cut(): void {
    this.#cut.abort();
  }

  /** Closes all connections; what is still under way is cut. */
  async close(): Promise<void> {
    this.cut();
    await Promise.all([this.#verified.destroy(), this.#unverified.destroy()]);
  }

  async #send({ url, headers, body, skipTlsVerify }: Letter, signal: AbortSignal): Promise<Outcome> {
    const target = new URL(url);
    const answer = await request(target, {
      method: 'POST',
      headers: {
        ...credentials(target),
        ...headers,
        'content-type': 'application/json',
        'user-agent': this.#userAgent,
      },
      body,
      signal,
      dispatcher: skipTlsVerify ? this.#unverified : this.#verified,
    });
    const head = await headOf(answer.body);
    const retryAfter = answer.headers['retry-after'];
    return {
      status: answer.statusCode,
      retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
      ...(head !== '' && { head }),
    };
  }
}

/**
 * Reads an answer, so that its connection can be used again, and resolves with its begin. The status is the answer, whatever
 * becomes of the rest: too long, too slow or broken off.
 */
async function headOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let [kept, read] = [0, 0];
  try {
    for await (const chunk of body) {
      if (kept < HEAD_BYTES) chunks.push(chunk.subarray(0, HEAD_BYTES - kept));
      kept = Math.min(HEAD_BYTES, kept + chunk.length);
      read += chunk.length;
      if (read > ANSWER_BYTES) break;
    }
  } catch {
    // What came until then is what there is.
  }
  return Buffer.concat(chunks).toString('utf8');
}

function agent(connections: number, rejectUnauthorized: boolean): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    connect: { timeout: CONNECT_MS, rejectUnauthorized },
    headersTimeout: LONGEST_MS,
    bodyTimeout: LONGEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: ANSWER_BYTES,
  });
}

/** `https://user:password@host/`: Go's client, hence gowa, turns it into basic auth, while undici drops it. */
function credentials({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(plain).toString('base64')}` };
}

/** The code where there is one: it is stable, and a message may repeat the URL with a token in it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.name : reason(error.cause);
}
