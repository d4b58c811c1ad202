import { proto } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { isShared, messageNamed, unknownMessage } from '../sending/message-key.ts';

const { READ } = proto.WebMessageInfo.Status;

interface Read {
  readonly chat: string;
  readonly message: string;
}

/** Says that a message was read; to its author only where the account's privacy has it so. */
export const messageRead = ask({
  name: 'message-read',
  async run({ chat, message }: Read, connection, on): Promise<void> {
    const named = await messageNamed({ connection, on }, chat, message);
    if (!named && isShared(chat)) throw unknownMessage(message);
    const key = named?.key ?? { remoteJid: chat, id: message, fromMe: false };
    await connection.socket.readMessages([key]);
    if (!key.fromMe) on.said.heard({ 'messages.update': [{ key, update: { status: READ } }] });
  },
});
