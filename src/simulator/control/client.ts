// A typed client of the control plane: what tests, the demo and the benchmark say to phones and to the network.
import type { WorldEvent } from '../events.ts';
import { type Answer, type Given, type OperationId, operations } from './operations.ts';

export type PhoneMessage = Answer<'messages'>[number];
/** A companion that is linked already: Baileys' credentials as BufferJSON text, and pre-keys that the server has. */
export type LinkedDevice = Answer<'linkedDevices'>[number];

/** What the simulator allows. */
const LONGEST_WAIT_MS = 60_000;

/** The simulator refused, or failed; the message has its sentence. */
export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export type ControlClient = ReturnType<typeof controlClient>;

interface LooseGiven {
  readonly params?: Record<string, string>;
  readonly query?: Record<string, unknown>;
  readonly body?: unknown;
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

export interface ControlOptions {
  /** Sees every answer before the caller does, who waits for it; what it throws fails the call. `path` is below `/admin`. */
  readonly inspect?: (method: string, path: string, answer: unknown) => Promise<unknown>;
  /** For `fetch`: that of `clientOptions`, where the simulator has a certificate of its own. */
  readonly dispatcher?: NonNullable<RequestInit['dispatcher']>;
}

/** Every call fails with a {@link ControlError}. `url` is the control URL. */
export function controlClient(url: string, { inspect, dispatcher }: ControlOptions = {}) {
  const init = dispatcher ? { dispatcher } : {};

  /** A route by method and path (below `/admin`), for what has no operation of its own here. */
  async function request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(new URL(`/admin${path}`, url), { ...init, method, ...encoded(body) });
    const answer = (await response.json()) as T & { error?: string };
    if (response.ok) {
      await inspect?.(method, path, answer);
      return answer;
    }
    throw new ControlError(
      response.status,
      `simulator: ${method} ${path}: ${response.status} ${answer.error ?? ''}`,
    );
  }

  /** An operation by its id, as the OpenAPI document has it. */
  function call<Id extends OperationId>(
    id: Id,
    ...[given]: Record<never, never> extends Given<Id> ? [given?: Given<Id>] : [given: Given<Id>]
  ): Promise<Answer<Id>> {
    const [method = '', template = ''] = operations[id].split(' ');
    // Judged by the type of `given`; which parts there are depends on the operation.
    const { params, query, body, text, bytes } = (given ?? {}) as LooseGiven;
    const path = template.replaceAll(/\{(.+?)\}/g, (_, name: string) =>
      encodeURIComponent(params?.[name] ?? ''),
    );
    return request(method, path + searchOf(query), text ?? bytes ?? body);
  }

  /** The media of a message as its phone sees it, decrypted and authenticated. */
  async function fetchMedia(phone: string, id: string): Promise<Uint8Array> {
    const path = `/phones/${encodeURIComponent(phone)}/messages/${encodeURIComponent(id)}/media`;
    const response = await fetch(new URL(`/admin${path}`, url), init);
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    const { error } = (await response.json()) as { error?: string };
    throw new ControlError(response.status, `simulator: GET ${path}: ${response.status} ${error ?? ''}`);
  }

  /** The first message at this phone that `wanted` takes, there already or when it comes. Fails after `withinMs`. */
  async function waitForMessage(
    phone: string,
    wanted: (message: PhoneMessage) => boolean,
    withinMs = 30_000,
  ): Promise<PhoneMessage> {
    const end = performance.now() + withinMs;
    let after: string | undefined;
    for (;;) {
      const waitMs = Math.max(0, Math.min(LONGEST_WAIT_MS, Math.round(end - performance.now())));
      const messages = await call('messages', { params: { phone }, query: { after, waitMs } });
      const found = messages.find(wanted);
      if (found) return found;
      after = messages.at(-1)?.id ?? after;
      if (waitMs === 0)
        throw new Error(`simulator: phone ${phone} got no such message within ${withinMs} ms`);
    }
  }

  /**
   * What happens from now on (or after the `seq` given), until the loop is left or `signal` is aborted. Resolves once
   * the simulator listens, so that nothing that is caused afterwards is missed.
   */
  async function events(
    which: { after?: number; kinds?: readonly WorldEvent['kind'][]; signal?: AbortSignal } = {},
  ): Promise<AsyncGenerator<WorldEvent, void>> {
    const { after, kinds, signal } = which;
    const where = new URL(`/admin/events${searchOf({ after, kinds: kinds?.join(',') })}`, url);
    const response = await fetch(where, { ...init, ...(signal && { signal }) });
    if (!response.ok || !response.body)
      throw new ControlError(response.status, `simulator: GET /events: ${response.status}`);
    return eventsIn(response.body);
  }

  return {
    call,
    request,
    /** A phone scans the QR; a new one unless `phone` names it. */
    scan: (text: string, phone?: string) => call('scanQr', { text, ...(phone && { query: { phone } }) }),
    createPhones: async (count: number, how: { prefix?: string; name?: string } = {}) =>
      (await call('createPhone', { body: { count, ...how } })).phones ?? [],
    createPhone: (phone: { phone?: string; name?: string } = {}) => call('createPhone', { body: phone }),
    enterCode: (phone: string, code: string) => call('enterCode', { params: { phone }, body: { code } }),
    send: (phone: string, to: string, text: string, id?: string) =>
      call('send', { params: { phone }, body: { to, text, ...(id && { id }) } }),
    messages: (phone: string, query: NonNullable<Given<'messages'>['query']> = {}) =>
      call('messages', { params: { phone }, query }),
    waitForMessage,
    events,
    read: (phone: string, chat: string, ids: string[]) =>
      call('read', { params: { phone }, body: { chat, ids } }),
    /** `file` is what is sent; without one, `generate` says how many bytes are made up. */
    sendMedia: (phone: string, query: Given<'sendMedia'>['query'], file: Uint8Array = new Uint8Array()) =>
      call('sendMedia', { params: { phone }, query, bytes: file }),
    fetchMedia,
    unlink: (phone: string, device?: number) => call('unlink', { params: { phone }, body: { device } }),
    script: (phone: string, script: NonNullable<Given<'script'>['body']>) =>
      call('script', { params: { phone }, body: script }),
    linkedDevices: (count: number, prefix?: string) => call('linkedDevices', { body: { count, prefix } }),
    devices: () => call('devices'),
    /** Ends connections in a named way (`restart`, `replaced`, `device-removed`, `tcp`, …). */
    disconnect: (close: string, who: { jid: string } | { all: true }) =>
      call('disconnect', { body: { close, ...who } }),
    /** The server goes away with every connection and is back after `downMs`. */
    restart: (downMs = 0) => call('restart', { body: { downMs } }),
    /** Arms a fault of the catalogue: always and for everybody unless it says otherwise. */
    arm: (name: string, arming: NonNullable<Given<'armFault'>['body']> = {}) =>
      call('armFault', { params: { name }, body: arming }),
    /** Does it to connections at once, without arming it. */
    strike: (name: string, who: { jid: string } | { all: true }, params: Record<string, unknown> = {}) =>
      call('strikeFault', { params: { name }, body: { ...who, params } }),
    /** Those of one name, or all. */
    disarm: (name?: string) =>
      name === undefined ? call('disarmFaults') : call('disarmFault', { params: { name } }),
    faults: () => call('faults'),
    violations: () => call('ledgerViolations', { query: { limit: 10_000 } }),
    ledger: () => call('ledger'),
  };
}

/** Server-sent events, as the simulator writes them: one line of data each. */
async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<WorldEvent, void> {
  let rest = '';
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines)
      if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length)) as WorldEvent;
  }
}

function encoded(body: unknown): RequestInit {
  if (body === undefined) return {};
  if (typeof body === 'string') return { headers: { 'content-type': 'text/plain' }, body };
  if (body instanceof Uint8Array)
    return { headers: { 'content-type': 'application/octet-stream' }, body: new Uint8Array(body) };
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

function searchOf(query: Record<string, unknown> | undefined): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search}`;
}
