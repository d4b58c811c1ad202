import { ask } from '../asking/command.ts';
import { askChannel } from '../sending/channel-post.ts';

interface ChannelReaction {
  readonly id: string;
  readonly channel: string;
  /** The number that the server gave the post. */
  readonly serverId: string;
  /** '' takes it back. */
  readonly emoji: string;
}

/** A reaction to a post of a channel. */
export const channelReact = ask({
  name: 'channel-react',
  async run({ id, channel, serverId, emoji }: ChannelReaction, connection): Promise<{ readonly at: number }> {
    return {
      at: await askChannel(connection, {
        tag: 'message',
        attrs: { to: channel, id, type: 'reaction', server_id: serverId, ...(!emoji && { edit: '7' }) },
        content: [{ tag: 'reaction', attrs: emoji ? { code: emoji } : {} }],
      }),
    };
  },
});
