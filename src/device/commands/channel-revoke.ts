import { proto } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askChannel, changeOf } from '../sending/channel-post.ts';

const { REVOKE } = proto.Message.ProtocolMessage.Type;

interface ChannelRevoke {
  readonly channel: string;
  /** The id that the post was sent with. */
  readonly message: string;
}

/** Deletes a post of our channel. */
export const channelRevoke = ask({
  name: 'channel-revoke',
  async run({ channel, message }: ChannelRevoke, connection, on): Promise<{ readonly at: number }> {
    const at = await askChannel(connection, {
      tag: 'message',
      attrs: { to: channel, id: message, type: 'text', edit: '8' },
      content: [{ tag: 'plaintext', attrs: {} }],
    });
    on.said.heard(changeOf(channel, message, at, { type: REVOKE }));
    return { at };
  },
});
