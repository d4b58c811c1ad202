import { proto } from '@whiskeysockets/baileys';
import { changePatch } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';
import { indexOf } from '../sending/message-index.ts';
import { messageNamed } from '../sending/message-key.ts';

interface Deletion {
  readonly chat: string;
  readonly message: string;
}

const { SET } = proto.SyncdMutation.SyncdOperation;

/** Deletes a message from all devices of the account; the others in the chat keep it. */
export const messageDelete = ask({
  name: 'message-delete',
  async run({ chat, message }: Deletion, connection, on): Promise<void> {
    const where = { connection, on };
    const named = await messageNamed(where, chat, message);
    const messageTimestamp = named?.at ?? Math.floor(Date.now() / 1000);
    await changePatch(connection, {
      syncAction: { deleteMessageForMeAction: { deleteMedia: true, messageTimestamp } },
      index: ['deleteMessageForMe', ...(await indexOf(where, chat, message))],
      type: 'regular_high',
      apiVersion: 3,
      operation: SET,
    });
  },
});
