import { keyNamed } from '../sending/message-key.ts';
import { send } from '../sending/sending.ts';

interface Reaction {
  readonly to: string;
  readonly message: string;
  /** '' takes it back. */
  readonly emoji: string;
}

/** A reaction to a message. */
export const sendReaction = send({
  name: 'send-reaction',
  compose: async ({ to, message, emoji }: Reaction, where) => ({
    react: { key: await keyNamed(where, to, message), text: emoji, senderTimestampMs: Date.now() },
  }),
});
