// Every way in which the server ends a connection, by name (protocol.md 15; whatsmeow types/events and
// connectionevents.go; whatsapp-rust src/client tests for the stream errors 409 and 429).
import { type BinaryNode, node } from './stanza.ts';

/** What the client's bytes become before the socket ends: a frame that it must reject. */
export type BadFrame = 'bad-mac' | 'garbage' | 'oversized' | 'truncated';

/**
 * How the transport ends: `close` after the stanza is flushed, `destroy` at once, `keep` open and dead, or `mute`: the
 * server goes on hearing the client, but nothing reaches it any more.
 */
export interface Ending {
  readonly stanza?: BinaryNode;
  readonly frame?: BadFrame;
  readonly socket: 'close' | 'destroy' | 'keep' | 'mute';
}

export interface EndingOptions {
  /** Seconds until a temporary ban ends. */
  readonly expire?: number | undefined;
}

interface Close {
  /** What Baileys 7.0.0-rc14 makes of it: its `statusCode`, or what else. */
  readonly code: number | undefined;
  readonly doc: string;
  readonly end: (options: EndingOptions) => Ending;
}

const last = (stanza: BinaryNode): Ending => ({ stanza, socket: 'close' });
const streamError = (code: string | undefined, ...inner: BinaryNode[]): Ending =>
  last(node('stream:error', { code }, inner.length > 0 ? inner : undefined));
const conflict = (type: string) => node('conflict', { type });
const failure = (reason: string, attrs: Record<string, string | undefined> = {}): Ending =>
  last(node('failure', { reason, location: 'sim', ...attrs }));

const stream = (code: number, doc: string, wire?: string, ...inner: BinaryNode[]): Close => ({
  code,
  doc,
  end: () => streamError(wire, ...inner),
});
const failed = (reason: number, doc: string): Close => ({
  code: reason,
  doc: `<failure reason="${reason}"/>: ${doc}`,
  end: () => failure(String(reason)),
});

export const closes = {
  restart: stream(515, '<stream:error code="515"/>: connect again at once', '515'),
  // A code attribute would override what Baileys makes of the conflict.
  replaced: stream(440, 'the same device logged in elsewhere', undefined, conflict('replaced')),
  'device-removed': stream(401, 'unlinked on the phone', '401', conflict('device_removed')),
  unauthorized: stream(401, '<stream:error code="401"/>', '401'),
  'stream-forbidden': stream(403, '<stream:error code="403"/>', '403'),
  'stream-conflict': stream(409, '<stream:error code="409"/>', '409'),
  'stream-rate-limited': stream(429, '<stream:error code="429"/>', '429'),
  unavailable: stream(503, '<stream:error code="503"/>: the server is busy', '503'),
  internal: stream(500, '<stream:error code="500"/>', '500'),
  'stream-516': stream(516, '<stream:error code="516"/>: a code that no client knows', '516'),
  // RFC 6120's condition names: without a code, Baileys calls all of them 500.
  'not-well-formed': stream(
    500,
    'the same as xml-not-well-formed',
    undefined,
    node('xml-not-well-formed', {}),
  ),
  'xml-not-well-formed': stream(500, 'the client sent nonsense', undefined, node('xml-not-well-formed', {})),
  'policy-violation': stream(500, 'the client sent too much', undefined, node('policy-violation', {})),
  'system-shutdown': stream(500, 'the server goes away', undefined, node('system-shutdown', {})),
  'connection-timeout': stream(500, 'the client was silent', undefined, node('connection-timeout', {})),
  'internal-server-error': stream(500, 'no code', undefined, node('internal-server-error', {})),
  'stream-error-empty': stream(500, '<stream:error/> with nothing in it'),
  // reliability.md 7.3: the server recycles a stream that owes acks (whatsapp-rust: ack-shaped stream errors).
  'owes-acks': stream(500, 'the client did not acknowledge', undefined, node('ack', { class: 'receipt' })),
  'failure-generic': failed(400, 'no reason given'),
  'logged-out': failed(401, 'unknown or removed device'),
  'temporary-ban': {
    code: 402,
    doc: '<failure reason="402" expire/>: banned for a while',
    end: ({ expire = 3_600 }) => failure('402', { code: '101', expire: String(expire) }),
  },
  forbidden: failed(403, 'the primary device is locked or gone'),
  outdated: failed(405, 'the client is out of date'),
  banned: failed(406, 'banned'),
  'bad-user-agent': failed(409, 'the user agent was rejected'),
  'cat-expired': failed(413, 'the crypto auth token has expired'),
  'cat-invalid': failed(414, 'the crypto auth token is invalid'),
  'not-found': failed(415, 'not found'),
  'client-unknown': failed(418, 'the client is unknown'),
  'rate-limited': failed(429, 'too many logins'),
  'failure-internal': failed(500, 'internal server error'),
  experimental: failed(501, 'experimental'),
  'failure-unavailable': failed(503, 'service unavailable'),
  xmlstreamend: { code: 428, doc: '<xmlstreamend/>', end: () => last(node('xmlstreamend', {})) },
  websocket: { code: 428, doc: 'a WebSocket close frame', end: () => ({ socket: 'close' }) },
  tcp: { code: 428, doc: 'the TCP connection is reset', end: () => ({ socket: 'destroy' }) },
  downgrade: {
    code: 411,
    doc: '<ib><downgrade_webclient/></ib>',
    end: () => last(node('ib', {}, [node('downgrade_webclient', {})])),
  },
  hang: {
    code: 408,
    doc: 'half open: the server takes bytes and neither hears nor answers; the client notices after 35 s',
    end: () => ({ socket: 'keep' }),
  },
  mute: {
    code: 408,
    doc: 'half open, server to client only: the server hears and acts, but nothing reaches the client',
    end: () => ({ socket: 'mute' }),
  },
  // A client cannot go on after these: what it reads from here on is out of step.
  'bad-mac': {
    code: undefined,
    doc: 'a stanza whose frame fails its authentication, then silence',
    end: () => ({ frame: 'bad-mac', socket: 'keep' }),
  },
  'garbage-frame': {
    code: undefined,
    doc: 'a frame of random bytes, then silence',
    end: () => ({ frame: 'garbage', socket: 'keep' }),
  },
  'oversized-frame': {
    code: 408,
    doc: 'the length of a frame of 16 MiB whose end never comes',
    end: () => ({ frame: 'oversized', socket: 'keep' }),
  },
  'truncated-frame': {
    code: 428,
    doc: 'half a frame, then a TCP reset',
    end: () => ({ frame: 'truncated', socket: 'destroy' }),
  },
} as const satisfies Record<string, Close>;

/** Part of the control plane. */
export type CloseName = keyof typeof closes;

export const closeNames = Object.keys(closes) as [CloseName, ...CloseName[]];

/** How a close of that name is done. */
export function ending(name: CloseName, options: EndingOptions = {}): Ending {
  return closes[name].end(options);
}

/** A refused login: `<failure reason/>` instead of success. */
export function refusal(reason: string, attrs: Record<string, string | undefined> = {}): Ending {
  return failure(reason, attrs);
}
