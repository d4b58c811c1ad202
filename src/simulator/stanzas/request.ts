// What the answers to iqs are made from.
import type { Device } from '../accounts/accounts.ts';
import type { BinaryNode } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** What an answer is made from. `content` is the request's first child. */
export interface Request {
  readonly world: World;
  readonly device: Device;
  readonly iq: BinaryNode;
  readonly content: BinaryNode | undefined;
  /** Runs once the answer is on its way. */
  readonly after: (run: () => void) => void;
}

/** The children of the answer; none for an empty result. Throws {@link IqError} for an error answer. */
export type Answer = (request: Request) => BinaryNode[];

export class IqError extends Error {
  override readonly name = 'IqError';
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}
