import { proto } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askChannel } from '../sending/channel-post.ts';

interface ChannelEdit {
  readonly channel: string;
  /** The id that the post was sent with. */
  readonly message: string;
  readonly text: string;
}

/** Another text for a post of our channel. */
export const channelEdit = ask({
  name: 'channel-edit',
  async run({ channel, message, text }: ChannelEdit, connection): Promise<{ readonly at: number }> {
    const content = proto.Message.encode({ extendedTextMessage: { text } }).finish();
    return {
      at: await askChannel(connection, {
        tag: 'message',
        attrs: { to: channel, id: message, type: 'text', edit: '3' },
        content: [{ tag: 'plaintext', attrs: {}, content }],
      }),
    };
  },
});
