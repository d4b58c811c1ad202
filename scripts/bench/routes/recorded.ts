// What the recording process tells.
import type { PlainRequest } from './asker-protocol.ts';
import type { Tape } from './tape.ts';

export interface Recorded {
  /** Method and path. */
  readonly name: string;
  /** Of the best answer that was had, with its beginning. */
  readonly status: number;
  readonly said: string;
  readonly request: PlainRequest;
  readonly tape: Tape;
}

export interface Recording {
  readonly routes: readonly Recorded[];
  /** With the key that every request is to show. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where that key is kept, and the audit log. */
  readonly database: string;
}
