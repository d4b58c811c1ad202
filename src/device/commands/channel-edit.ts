import { proto } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askChannel, changeOf } from '../sending/channel-post.ts';

const { MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;

interface ChannelEdit {
  readonly channel: string;
  /** The id that the post was sent with. */
  readonly message: string;
  readonly text: string;
}

/** Another text for a post of our channel. */
export const channelEdit = ask({
  name: 'channel-edit',
  async run({ channel, message, text }: ChannelEdit, connection, on): Promise<{ readonly at: number }> {
    const editedMessage = { extendedTextMessage: { text } };
    const at = await askChannel(connection, {
      tag: 'message',
      attrs: { to: channel, id: message, type: 'text', edit: '3' },
      content: [{ tag: 'plaintext', attrs: {}, content: proto.Message.encode(editedMessage).finish() }],
    });
    on.said.heard(changeOf(channel, message, at, { type: MESSAGE_EDIT, editedMessage }));
    return { at };
  },
});
