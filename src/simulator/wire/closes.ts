// Every way in which the server ends a connection, by name (protocol.md 15).
import { type BinaryNode, node } from './stanza.ts';

/** How the transport ends: a close frame after the stanza is flushed, a destroyed socket, or not at all. */
export interface Ending {
  readonly stanza?: BinaryNode;
  readonly socket: 'close' | 'destroy' | 'keep';
}

export interface EndingOptions {
  /** Seconds until a temporary ban ends. */
  readonly expire?: number;
}

const last = (stanza: BinaryNode): Ending => ({ stanza, socket: 'close' });
const streamError = (code: string | undefined, ...inner: BinaryNode[]): Ending =>
  last(node('stream:error', { code }, inner.length > 0 ? inner : undefined));
const conflict = (type: string) => node('conflict', { type });
const failure = (reason: string, attrs: Record<string, string | undefined> = {}): Ending =>
  last(node('failure', { reason, location: 'sim', ...attrs }));

/** Names are part of the control plane; the number is the status code that Baileys makes of each. */
export const closes = {
  restart: () => streamError('515'), // 515
  replaced: () => streamError(undefined, conflict('replaced')), // 440; a code attribute would override it
  'device-removed': () => streamError('401', conflict('device_removed')), // 401
  unauthorized: () => streamError('401'), // 401
  unavailable: () => streamError('503'), // 503
  internal: () => streamError('500'), // 500
  'not-well-formed': () => streamError(undefined, node('xml-not-well-formed', {})), // 500
  forbidden: () => failure('403'), // 403
  banned: () => failure('406'), // 406
  'temporary-ban': ({ expire = 3_600 }) => failure('402', { code: '101', expire: String(expire) }), // 402
  outdated: () => failure('405'), // 405
  'rate-limited': () => failure('429'), // 429
  xmlstreamend: () => last(node('xmlstreamend', {})), // 428
  websocket: () => ({ socket: 'close' }), // 428
  tcp: () => ({ socket: 'destroy' }), // 428
  downgrade: () => last(node('ib', {}, [node('downgrade_webclient', {})])), // 411
  hang: () => ({ socket: 'keep' }), // 408 after 35 s of silence
} as const satisfies Record<string, (options: EndingOptions) => Ending>;

export type CloseName = keyof typeof closes;

export function isCloseName(name: unknown): name is CloseName {
  return typeof name === 'string' && Object.hasOwn(closes, name);
}

export function ending(name: CloseName, options: EndingOptions = {}): Ending {
  return closes[name](options);
}

/** A refused login: `<failure reason/>` instead of success. */
export function refusal(reason: string): Ending {
  return failure(reason);
}
