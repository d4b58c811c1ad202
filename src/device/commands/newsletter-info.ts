import { QueryIds, XWAPaths } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askMex } from '../asking/mex.ts';
import { type Channel, readChannel } from '../asking/newsletter.ts';

/** A channel by its JID, or by the code of its link. */
export const newsletterInfo = ask({
  name: 'newsletter-info',
  async run(named: { readonly jid: string } | { readonly invite: string }, connection): Promise<Channel> {
    const input = 'jid' in named ? { key: named.jid, type: 'JID' } : { key: named.invite, type: 'INVITE' };
    const variables = {
      fetch_creation_time: true,
      fetch_full_image: true,
      fetch_viewer_metadata: true,
      input,
    };
    return readChannel(
      await askMex(connection, QueryIds.METADATA, variables, XWAPaths.xwa2_newsletter_metadata),
    );
  },
});
