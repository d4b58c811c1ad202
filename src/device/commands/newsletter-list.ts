import { ask } from '../asking/command.ts';
import { askMex } from '../asking/mex.ts';
import { type Channel, readChannel } from '../asking/newsletter.ts';

/** Baileys has no function for it; the number is whatsmeow's (newsletter.go, querySubscribedNewsletters). */
const SUBSCRIBED = '6388546374527196';

/** The channels that we follow or run. */
export const newsletterList = ask({
  name: 'newsletter-list',
  async run(_: Record<string, never>, connection): Promise<Channel[]> {
    const list = await askMex(connection, SUBSCRIBED, {}, 'xwa2_newsletter_subscribed');
    return (Array.isArray(list) ? list : []).map(readChannel);
  },
});
