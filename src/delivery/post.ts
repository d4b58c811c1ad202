import { Agent } from 'undici';
import { Exchange } from './exchange.ts';
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
/** Of an answer nothing but the status counts; this much is read so that the connection can be used again. */
const ANSWER_BYTES = 64 * 1024;
/** Of it that is kept. */
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
  readonly #underWay = new Set<Exchange>();
  #isCut = false;

  constructor({ inFlight, version, deadlineMs = DEADLINE_MS }: PosterOptions) {
    this.#userAgent = `cardume/${version}`;
    this.#deadlineMs = deadlineMs;
    this.#verified = agent(inFlight, true);
    this.#unverified = agent(inFlight, false);
  }

  /** Never rejects: what goes wrong is the outcome. `cut` when `cut()` ended it, which says nothing about the endpoint. */
  async post(letter: Letter): Promise<Outcome | 'cut'> {
    if (this.#isCut) return 'cut';
    let exchange: Exchange | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      const begun = this.#begin(letter);
      exchange = begun;
      this.#underWay.add(begun);
      // One timer over everything: undici's own body timeout starts again with every byte of a dripping answer.
      timer = setTimeout(() => begun.end(new Late()), this.#deadlineMs);
      const { status, headers } = await begun.answer;
      const [retryAfter] = [headers['retry-after']].flat();
      return { status, retryAfter };
    } catch (error) {
      if (this.#isCut) return 'cut';
      return {
        error: error instanceof Late ? `no answer within ${this.#deadlineMs / 1000} s` : reason(error),
      };
    } finally {
      clearTimeout(timer);
      if (exchange) this.#underWay.delete(exchange);
    }
  }

  /** Ends every POST that is under way, and those to come. */
  cut(): void {
    this.#isCut = true;
    for (const exchange of this.#underWay) exchange.end(new Error('cut'));
  }

  /** Closes all connections; what is still under way is cut. */
  async close(): Promise<void> {
    this.cut();
    await Promise.all([this.#verified.destroy(), this.#unverified.destroy()]);
  }

  #begin({ url, headers, body, skipTlsVerify }: Letter): Exchange {
    const target = new URL(url);
    const all = {
      ...credentials(target),
      ...headers,
      'content-type': 'application/json',
      'user-agent': this.#userAgent,
    };
    const agent = skipTlsVerify ? this.#unverified : this.#verified;
    return new Exchange(
      agent,
      { url: target, headers: all, body },
      { answerBytes: ANSWER_BYTES, headBytes: HEAD_BYTES },
    );
  }
}

class Late extends Error {
  override readonly name = 'Late';
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
