import { ask } from '../command.ts';

/** The timer of a group's messages, in seconds; 0 is off. In a chat of two it is a message (`send-timer`). */
export const groupTimer = ask({
  name: 'group-timer',
  async run(
    { jid, seconds }: { readonly jid: string; readonly seconds: number },
    { socket },
  ): Promise<Record<string, never>> {
    await socket.groupToggleEphemeral(jid, seconds);
    return {};
  },
});
