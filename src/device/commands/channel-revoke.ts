import { ask } from '../asking/command.ts';
import { askChannel } from '../sending/channel-post.ts';

interface ChannelRevoke {
  readonly channel: string;
  /** The id that the post was sent with. */
  readonly message: string;
}

/** Deletes a post of our channel. */
export const channelRevoke = ask({
  name: 'channel-revoke',
  async run({ channel, message }: ChannelRevoke, connection): Promise<{ readonly at: number }> {
    return {
      at: await askChannel(connection, {
        tag: 'message',
        attrs: { to: channel, id: message, type: 'text', edit: '8' },
        content: [{ tag: 'plaintext', attrs: {} }],
      }),
    };
  },
});
