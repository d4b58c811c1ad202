// What a phone does by itself with the messages it gets.
import type { Incoming } from './inbox.ts';
import { describe } from './text.ts';

/** How a phone behaves by itself. */
export interface Script {
  /** Sent back for every text; `{text}` is what came. */
  readonly reply?: string | undefined;
  /** Milliseconds before it reads and replies. */
  readonly afterMs?: number | undefined;
  /** Sends a read receipt. */
  readonly reads?: boolean | undefined;
}

/** What a script asks its phone to do. */
export interface Actions {
  read(): void;
  reply(text: string): void;
}

/** With a delay of its own, so that the phone's lane is free meanwhile. */
export function act(script: Script, incoming: Incoming, stopped: AbortSignal, actions: Actions): void {
  const { reply, afterMs = 0, reads } = script;
  const { type, text } = describe(incoming.message);
  const run = () => {
    if (stopped.aborted) return;
    if (reads) actions.read();
    if (reply !== undefined && type === 'text' && answers(incoming))
      actions.reply(reply.replaceAll('{text}', text));
  };
  if (afterMs > 0) setTimeout(run, afterMs).unref();
  else run();
}

// A status is nothing to reply to; and in a group two phones with scripts would talk to each other for ever.
function answers({ chat, from }: Incoming): boolean {
  return chat.kind === 'person' || (chat.kind === 'group' && from.phone === undefined);
}
