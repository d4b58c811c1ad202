import { setMaxListeners } from 'node:events';
import { Agent, request } from 'undici';
import { Forbidden, type Guard } from '../lib/guard.ts';
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
  readonly #inFlight: number;
  readonly #guard: Guard;
  readonly #userAgent: string;
  readonly #deadlineMs: number;
  readonly #cut = new AbortController();

  constructor({ inFlight, version, guard, deadlineMs = DEADLINE_MS }: PosterOptions) {
    this.#userAgent = `cardume/${version}`;
    this.#deadlineMs = deadlineMs;
    this.#inFlight = inFlight;
    this.#guard = guard;
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
      if (deadline.signal.aborted) return { error: 'timeout', detail: `no answer within ${ms / 1000} s` };
      return failed(error);
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
    await Promise.all([...this.#agents.values()].map(agent => agent.destroy()));
  }

  async #send(letter: Letter, signal: AbortSignal): Promise<Outcome> {
    const { url, headers, body, trusted = false } = letter;
    const target = trusted ? new URL(url) : this.#guard.check(url);
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
      dispatcher: this.#agent(trusted, letter.skipTlsVerify),
    });
    const [retryAfter] = [answer.headers['retry-after']].flat();
    const told = { status: answer.statusCode, retryAfter };
    // The status is the answer, whatever becomes of the rest: too long, too slow or broken off. It is never unpacked.
    const head = await headOf(answer.body);
    if (head === '' || answer.headers['content-encoding'] !== undefined) return told;
    // A name that does not resolve any more is nobody's to read.
    const open = await this.#guard.isOpen(target).catch(() => false);
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

/** The first of an answer as text; what comes after it is read, for the connection, and forgotten. */
async function headOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of body) {
      if (bytes < HEAD_BYTES) parts.push(part.subarray(0, HEAD_BYTES - bytes));
      bytes += part.length;
      if (bytes > ANSWER_BYTES) break;
    }
  } catch {
    // It was too long, too slow or broken off; the head is what has come.
  }
  return Buffer.concat(parts).toString('utf8').replaceAll('\0', '');
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
