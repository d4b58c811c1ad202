// What the recording process tells.
import type { PlainRequest } from './asker-protocol.ts';
import type { Tape } from './tape.ts';

export interface Recorded {
  /** Method and path. */
  readonly name: string;
  /** Of the best answer that was had. */
  readonly status: number;
  /** Its body in base64. */
  readonly answer: { readonly type: string; readonly body: string };
  /** Its entry in the audit log had to be there before it was answered. */
  readonly awaited: boolean;
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
