import { ask } from '../asking/command.ts';
import { askMex, listAt, textAt } from '../asking/mex.ts';
import { bare, party } from '../jid.ts';

/**
 * whatsmeow's number (newsletter.go, queryNewsletterSubscribers). The one that Baileys has for it asks for pending invitations
 * of admins today (whatsapp-rust wacore/src/iq/mex_ids.rs).
 */
const SUBSCRIBERS = '9800646650009898';

export interface Subscriber {
  readonly jid: string;
  readonly lid?: string;
  readonly name: string;
  /** OWNER, ADMIN, SUBSCRIBER. */
  readonly role: string;
  /** Unix seconds. */
  readonly since?: number;
}

/** Who follows a channel; for its admins. */
export const newsletterSubscribers = ask({
  name: 'newsletter-subscribers',
  async run(
    { jid, count }: { readonly jid: string; readonly count: number },
    connection,
  ): Promise<Subscriber[]> {
    const input = { newsletter_id: jid, count };
    const told = await askMex(connection, SUBSCRIBERS, { input }, 'xwa2_newsletter_subscribers');
    return listAt(told, 'subscribers', 'edges').map(edge => {
      const id = textAt(edge, 'node', 'id') ?? '';
      const { shown, lid } = party(id, textAt(edge, 'node', 'pn'));
      const since = textAt(edge, 'follow_time');
      return {
        jid: bare(shown),
        ...(lid !== undefined && { lid }),
        name: textAt(edge, 'node', 'display_name') ?? '',
        role: textAt(edge, 'role') ?? '',
        ...(since !== undefined && { since: Number(since) }),
      };
    });
  },
});
