import { ask } from '../command.ts';
import { placeOfMessage, SET } from '../message-action.ts';

interface Star {
  readonly chat: string;
  readonly message: string;
  readonly starred: boolean;
}

/** Marks a message with a star on all devices of the account, or takes the star away. */
export const messageStar = ask({
  name: 'message-star',
  async run({ chat, message, starred }: Star, connection, on): Promise<void> {
    const { key, index } = await placeOfMessage({ connection, on }, chat, message);
    // Baileys writes its own stars into another collection, where WhatsApp's apps do not look for them.
    await connection.socket.appPatch({
      syncAction: { starAction: { starred } },
      index: ['star', ...index],
      type: 'regular_high',
      apiVersion: 2,
      operation: SET,
    });
    on.said.heard({ 'messages.update': [{ key, update: { starred } }] });
  },
});
