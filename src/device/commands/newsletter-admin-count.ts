import { QueryIds, XWAPaths } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askMex, textAt } from '../asking/mex.ts';

/** How many admins a channel has, its owner among them; for its admins. */
export const newsletterAdminCount = ask({
  name: 'newsletter-admin-count',
  async run({ jid }: { readonly jid: string }, connection): Promise<{ readonly count: number }> {
    const variables = { newsletter_id: jid };
    const told = await askMex(
      connection,
      QueryIds.ADMIN_COUNT,
      variables,
      XWAPaths.xwa2_newsletter_admin_count,
    );
    return { count: Number(textAt(told, 'admin_count') ?? 0) };
  },
});
