import { QueryIds } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askMex } from '../asking/mex.ts';
import { type Channel, readChannel } from '../asking/newsletter.ts';

/** Changes what a channel says of itself; what is not given stays (whatsmeow newsletter.go, mutationUpdateNewsletter). */
export const newsletterUpdate = ask({
  name: 'newsletter-update',
  async run(
    input: {
      readonly jid: string;
      readonly name?: string;
      readonly description?: string;
      /** A JPEG; an empty one is none. */
      readonly picture?: Uint8Array;
      readonly reactions?: 'ALL' | 'BASIC' | 'NONE';
    },
    connection,
  ): Promise<Channel> {
    const { jid, name, description, picture, reactions } = input;
    const updates = {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      ...(picture && { picture: Buffer.from(picture).toString('base64') }),
      settings: reactions === undefined ? null : { reaction_codes: { value: reactions } },
    };
    const variables = { newsletter_id: jid, updates };
    return readChannel(
      await askMex(connection, QueryIds.UPDATE_METADATA, variables, 'xwa2_newsletter_update'),
    );
  },
});
