import { ask } from '../asking/command.ts';

/** Hears of it from now on, until the connection ends, when a person comes and goes. WhatsApp does not answer to it. */
export const presenceSubscribe = ask({
  name: 'presence-subscribe',
  async run({ jid }: { readonly jid: string }, { socket }): Promise<void> {
    await socket.presenceSubscribe(jid);
  },
});
