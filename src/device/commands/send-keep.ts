import { proto } from '@whiskeysockets/baileys';
import { keyNamed } from '../sending/message-key.ts';
import { send } from '../sending/sending.ts';

interface Keep {
  readonly to: string;
  readonly message: string;
  readonly keep: boolean;
}

const { KEEP_FOR_ALL, UNDO_KEEP_FOR_ALL } = proto.KeepType;

/**
 * Keeps a message in a chat whose messages disappear, or lets it go. Baileys has no description of it; the undoing has the
 * `edit` of what is taken back (whatsmeow send.go, getEditAttribute).
 */
export const sendKeep = send({
  name: 'send-keep',
  compose: async ({ to, message, keep }: Keep, where) => ({
    raw: {
      keepInChatMessage: {
        key: await keyNamed(where, to, message),
        keepType: keep ? KEEP_FOR_ALL : UNDO_KEEP_FOR_ALL,
        timestampMs: Date.now(),
      },
    },
    ...(!keep && { attributes: { edit: '7' } }),
  }),
});
