import { Agent } from 'undici';
import { Forbidden, type Guard } from '../lib/guard.ts';
import { type Answer, Exchange } from './exchange.ts';
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
  /** Where POSTs may go. */
  readonly guard: Guard;
  /** Milliseconds for a whole POST, its answer included. */
  readonly deadlineMs?: number;
}

const CONNECT_MS = 3_000;
const DEADLINE_MS = 15_000;
const LONGEST_MS = 30_000;
/** Of an answer nothing but the status counts; this much is read so that the connection can be used again. */
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
 * How many one endpoint may have is the deliverer's to limit.
 *
 * Every connection passes the guard, which resolves the name and judges what it is connected to; connections to the
 * operator's own URLs, which are not judged, are never used for others. Proxies of the environment are not.
 */
export class Poster {
  readonly #agents = new Map<string, Agent>();
  /** The operator's own, taken apart once: there are as many as the settings have. */
  readonly #own = new Map<string, URL>();
  readonly #inFlight: number;
  readonly #guard: Guard;
  readonly #userAgent: string;
  readonly #deadlineMs: number;
  readonly #underWay = new Set<Exchange>();
  #isCut = false;

  constructor({ inFlight, version, guard, deadlineMs = DEADLINE_MS }: PosterOptions) {
    this.#userAgent = `cardume/${version}`;
    this.#deadlineMs = deadlineMs;
    this.#inFlight = inFlight;
    this.#guard = guard;
  }

  /** Never rejects: what goes wrong is the outcome. `cut` when `cut()` ended it, which says nothing about the endpoint. */
  async post(letter: Letter): Promise<Outcome | 'cut'> {
    if (this.#isCut) return 'cut';
    const ms = letter.timeoutMs ?? this.#deadlineMs;
    let exchange: Exchange | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      const target = letter.trusted ? this.#trusted(letter.url) : this.#guard.check(letter.url);
      const begun = this.#begin(target, letter);
      exchange = begun;
      this.#underWay.add(begun);
      // One timer over everything: undici's own body timeout starts again with every byte of a dripping answer.
      timer = setTimeout(() => begun.end(new Late()), ms);
      return await this.#outcome(target, await begun.answer);
    } catch (error) {
      if (this.#isCut) return 'cut';
      return error instanceof Late
        ? { error: 'timeout', detail: `no answer within ${ms / 1000} s` }
        : failed(error);
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
    await Promise.all([...this.#agents.values()].map(agent => agent.destroy()));
  }

  #trusted(written: string): URL {
    const url = this.#own.get(written) ?? new URL(written);
    this.#own.set(written, url);
    return url;
  }

  #begin(url: URL, { headers, body, trusted = false, skipTlsVerify }: Letter): Exchange {
    const all = {
      ...credentials(url),
      ...headers,
      'content-type': 'application/json',
      'user-agent': this.#userAgent,
    };
    const limits = { answerBytes: ANSWER_BYTES, headBytes: HEAD_BYTES };
    return new Exchange(this.#agent(trusted, skipTlsVerify), { url, headers: all, body }, limits);
  }

  /** What the answer says. It is never unpacked. */
  async #outcome(target: URL, { status, headers, head: bytes }: Answer): Promise<Outcome> {
    const told = { status, retryAfter: first(headers['retry-after']) };
    if (bytes.length === 0 || headers['content-encoding'] !== undefined) return told;
    const head = bytes.toString('utf8').replaceAll('\0', '');
    // A name that does not resolve any more is nobody's to read.
    const open = head !== '' && (await this.#guard.isOpen(target).catch(() => false));
    return open ? { ...told, head } : told;
  }

  #agent(trusted: boolean, skipTlsVerify: boolean): Agent {
    const name = `${trusted} ${skipTlsVerify}`;
    let agent = this.#agents.get(name);
    if (!agent) {
      const lookup = trusted ? this.#guard.anywhere : this.#guard.lookup;
      agent = new Agent({
        connections: this.#inFlight,
        pipelining: 1,
        connect: { timeout: CONNECT_MS, rejectUnauthorized: !skipTlsVerify, lookup },
        headersTimeout: LONGEST_MS,
        bodyTimeout: LONGEST_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        maxResponseSize: ANSWER_BYTES,
      });
      this.#agents.set(name, agent);
    }
    return agent;
  }
}

/** As a header that was sent twice is read. */
const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

class Late extends Error {
  override readonly name = 'Late';
}

/** `https://user:password@host/`: Go's client, hence gowa, turns it into basic auth, while undici drops it. */
function credentials({ username, password }: URL): Record<string, string> {
  if (!username && !password) return {};
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(plain).toString('base64')}` };
}

const TLS =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|.*SELF_SIGNED|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH)/;
const TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'ETIMEDOUT', 'ETIMEOUT']);

/** Who has written the URL learns a word of it, the same for a closed port, a filtered one and a name that is none; the operator all. */
function failed(error: unknown): Outcome {
  const detail = reason(error);
  if (blockedBy(error)) return { error: 'blocked', detail };
  if (TIMEOUTS.has(detail)) return { error: 'timeout', detail };
  return { error: TLS.test(detail) ? 'tls_failed' : 'connect_failed', detail };
}

function blockedBy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof Forbidden || ('code' in error && error.code === 'ERR_INVALID_URL')) return true;
  return error instanceof AggregateError ? error.errors.some(blockedBy) : blockedBy(error.cause);
}

/** The code where there is one: it is stable, and a message may repeat the URL with a token in it. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if (error instanceof Forbidden) return error.message;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? error.name : reason(error.cause);
}
