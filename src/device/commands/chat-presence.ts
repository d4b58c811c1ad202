import { ask } from '../asking/command.ts';
import { assertReachable } from '../sending/sending.ts';

interface ChatPresence {
  readonly chat: string;
  readonly state: 'composing' | 'recording' | 'paused';
}

/** Shows in a chat that somebody types or records, or does no more. */
export const chatPresence = ask({
  name: 'chat-presence',
  async run({ chat, state }: ChatPresence, connection): Promise<void> {
    await assertReachable(connection, chat);
    await connection.socket.sendPresenceUpdate(state, chat);
  },
});
