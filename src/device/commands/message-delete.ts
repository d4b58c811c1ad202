import { ask } from '../command.ts';
import { placeOfMessage, SET } from '../message-action.ts';

interface Deletion {
  readonly chat: string;
  readonly message: string;
}

/** Deletes a message from all devices of the account; the others in the chat keep it. */
export const messageDelete = ask({
  name: 'message-delete',
  async run({ chat, message }: Deletion, connection, on): Promise<void> {
    const { key, index, at } = await placeOfMessage({ connection, on }, chat, message);
    await connection.socket.appPatch({
      syncAction: { deleteMessageForMeAction: { deleteMedia: true, messageTimestamp: at } },
      index: ['deleteMessageForMe', ...index],
      type: 'regular_high',
      apiVersion: 3,
      operation: SET,
    });
    on.said.heard({ 'messages.delete': { keys: [key] } });
  },
});
