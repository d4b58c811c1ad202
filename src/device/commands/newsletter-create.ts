import { QueryIds, S_WHATSAPP_NET, XWAPaths } from '@whiskeysockets/baileys';
import { answered } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { askMex } from '../asking/mex.ts';
import { type Channel, readChannel } from '../asking/newsletter.ts';

/** The terms of channels, which whoever makes one has accepted (whatsmeow newsletter.go, AcceptTOSNotice). */
const TERMS = { id: '20601218', stage: '5' };

/** Makes a channel. */
export const newsletterCreate = ask({
  name: 'newsletter-create',
  once: true,
  async run(
    { name, description }: { readonly name: string; readonly description: string },
    connection,
  ): Promise<Channel> {
    const { socket } = connection;
    const terms = { tag: 'notice', attrs: TERMS };
    answered(
      await socket.query({
        tag: 'iq',
        attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'tos' },
        content: [terms],
      }),
    );
    const input = { name, description: description === '' ? null : description };
    return readChannel(await askMex(connection, QueryIds.CREATE, { input }, XWAPaths.xwa2_newsletter_create));
  },
});
