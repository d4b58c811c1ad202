import { proto } from '@whiskeysockets/baileys';
import { changePatch } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';
import { indexOf } from '../sending/message-index.ts';

interface Star {
  readonly chat: string;
  readonly message: string;
  readonly starred: boolean;
}

const { SET } = proto.SyncdMutation.SyncdOperation;

/** Marks a message with a star on all devices of the account, or takes the star away. */
export const messageStar = ask({
  name: 'message-star',
  async run({ chat, message, starred }: Star, connection, on): Promise<void> {
    const index = await indexOf({ connection, on }, chat, message);
    // Baileys writes its own stars into another collection, where WhatsApp's apps do not look for them.
    await changePatch(connection, {
      syncAction: { starAction: { starred } },
      index: ['star', ...index],
      type: 'regular_high',
      apiVersion: 2,
      operation: SET,
    });
  },
});
