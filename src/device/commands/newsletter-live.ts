import { answered, childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';

/** Reactions and views of a channel's posts come as they happen, for so many seconds (Baileys subscribeNewsletterUpdates). */
export const newsletterLive = ask({
  name: 'newsletter-live',
  async run({ jid }: { readonly jid: string }, { socket }): Promise<{ readonly seconds: number }> {
    const live = { tag: 'live_updates', attrs: {}, content: [] };
    const answer = answered(
      await socket.query({
        tag: 'iq',
        attrs: { to: jid, type: 'set', xmlns: 'newsletter' },
        content: [live],
      }),
    );
    return { seconds: Number(childOf(answer, 'live_updates').attrs.duration ?? 0) };
  },
});
