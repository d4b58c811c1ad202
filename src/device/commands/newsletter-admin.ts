import { QueryIds, XWAPaths } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askMex } from '../asking/mex.ts';

const queries = {
  demote: [QueryIds.DEMOTE, XWAPaths.xwa2_newsletter_demote],
  own: [QueryIds.CHANGE_OWNER, XWAPaths.xwa2_newsletter_change_owner],
} as const;

/** Makes an admin of a channel a follower, or its owner. */
export const newsletterAdmin = ask({
  name: 'newsletter-admin',
  once: true,
  async run(
    input: { readonly jid: string; readonly user: string; readonly action: keyof typeof queries },
    connection,
  ): Promise<void> {
    const { jid, user, action } = input;
    const [query, path] = queries[action];
    await askMex(connection, query, { newsletter_id: jid, user_id: user }, path);
  },
});
