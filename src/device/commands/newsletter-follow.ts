import { QueryIds, XWAPaths } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askMex } from '../asking/mex.ts';

const queries = {
  follow: [QueryIds.FOLLOW, XWAPaths.xwa2_newsletter_join_v2],
  unfollow: [QueryIds.UNFOLLOW, XWAPaths.xwa2_newsletter_leave_v2],
  mute: [QueryIds.MUTE, XWAPaths.xwa2_newsletter_mute_v2],
  unmute: [QueryIds.UNMUTE, XWAPaths.xwa2_newsletter_unmute_v2],
  delete: [QueryIds.DELETE, XWAPaths.xwa2_newsletter_delete_v2],
} as const;

/** What a channel is to us: followed, muted, or, for who owns it, no more. */
export const newsletterFollow = ask({
  name: 'newsletter-follow',
  async run(
    { jid, action }: { readonly jid: string; readonly action: keyof typeof queries },
    connection,
  ): Promise<void> {
    const [query, path] = queries[action];
    await askMex(connection, query, { newsletter_id: jid }, path);
  },
});
