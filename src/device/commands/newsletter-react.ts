import { answered } from '../answer.ts';
import { ask } from '../command.ts';

/** Reacts to a post, or takes the reaction back (Baileys Socket/newsletter.ts, newsletterReactMessage). */
export const newsletterReact = ask({
  name: 'newsletter-react',
  async run(
    input: { readonly jid: string; readonly serverId: number; readonly emoji: string },
    { socket },
  ): Promise<Record<string, never>> {
    const { jid, serverId, emoji } = input;
    answered(
      await socket.query({
        tag: 'message',
        attrs: {
          to: jid,
          ...(emoji === '' && { edit: '7' }),
          type: 'reaction',
          server_id: String(serverId),
          id: socket.generateMessageTag(),
        },
        content: [{ tag: 'reaction', attrs: emoji === '' ? {} : { code: emoji } }],
      }),
    );
    return {};
  },
});
