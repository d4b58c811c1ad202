// What the answers to iqs are made from.
import type { Device } from '../accounts/accounts.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** Does something later: a request's `after` once its answer is on its way. */
export type Later = (run: () => void) => void;

/** For what a phone does, which waits for no answer. */
export const atOnce: Later = run => run();

/** What an answer is made from. `content` is the request's first child. */
export interface Request {
  readonly world: World;
  readonly device: Device;
  readonly iq: BinaryNode;
  readonly content: BinaryNode | undefined;
  /** Runs once the answer is on its way. */
  readonly after: Later;
}

/** The children of the answer; none for an empty result. Throws {@link IqError} for an error answer. */
export type Answer = (request: Request) => BinaryNode[];

/** What `<error>` says beside its code (protocol.md 16; whatsmeow errors.go, group.go). */
const TEXTS = {
  400: 'bad-request',
  401: 'not-authorized',
  403: 'forbidden',
  404: 'item-not-found',
  405: 'not-allowed',
  406: 'not-acceptable',
  409: 'conflict',
  410: 'gone',
  412: 'resource-limit',
  419: 'resource-limit',
  423: 'locked',
  429: 'rate-overlimit',
  436: 'growth-locked',
} as const satisfies Record<number, string>;

export type ErrorCode = keyof typeof TEXTS;

export class IqError extends Error {
  override readonly name = 'IqError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode) {
    super(TEXTS[code]);
    this.code = code;
  }
}

export function errorNode(code: ErrorCode): BinaryNode {
  return node('error', { code: String(code), text: TEXTS[code] });
}
