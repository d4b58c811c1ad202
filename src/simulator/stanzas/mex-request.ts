// What the answers to mex queries (GraphQL over `w:mex`) are made from.
import type { Device } from '../accounts/accounts.ts';
import type { World } from '../world.ts';
import type { Later } from './request.ts';

export interface MexRequest {
  readonly world: World;
  readonly device: Device;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Runs once the answer is on its way. */
  readonly after: Later;
}

/** What `data` of the answer holds. Throws {@link MexError} for an error answer. */
export type MexAnswer = (request: MexRequest) => Readonly<Record<string, unknown>>;

/** `errors[0]` of an answer: a sentence and a code like those of iqs (whatsmeow types/newsletter.go GraphQLError). */
export class MexError extends Error {
  override readonly name = 'MexError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A variable that must be a text. */
export function textOf(holder: unknown, name: string): string {
  const value = fieldOf(holder, name);
  if (typeof value !== 'string' || value === '') throw new MexError(400, `the query needs ${name}`);
  return value;
}

/** A variable that may be missing; null counts as missing. */
export function optionalText(holder: unknown, name: string, maxLength: number): string | undefined {
  const value = fieldOf(holder, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.length > maxLength)
    throw new MexError(400, `${name} is not acceptable`);
  return value;
}

export function fieldOf(holder: unknown, name: string): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, name)
    ? (holder as Record<string, unknown>)[name]
    : undefined;
}
