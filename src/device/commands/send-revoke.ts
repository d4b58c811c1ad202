import { isJidGroup, isJidStatusBroadcast, proto } from '@whiskeysockets/baileys';
import { wrongField } from '../asking/wrong-field.ts';
import { messageNamed, type Where } from '../sending/message-key.ts';
import { send } from '../sending/sending.ts';

interface Revoke {
  readonly to: string;
  readonly message: string;
}

/** Takes a message back for everybody: our own, or in a group as its admin somebody else's. */
export const sendRevoke = send({
  name: 'send-revoke',
  compose: async ({ to, message }: Revoke, where) => {
    if (isJidStatusBroadcast(to)) return statusRevoke(message, where);
    const named = await messageNamed(where, to, message);
    // As gowa: what is not known is taken for our own.
    const key = named?.key ?? { remoteJid: to, id: message, fromMe: true };
    if (!key.fromMe && !isJidGroup(to))
      throw wrongField(
        'message_id',
        'another person’s message can be taken back in a group only, by its admin',
      );
    return { delete: key };
  },
});

/** Whoever got the status gets this. */
async function statusRevoke(id: string, { on }: Where) {
  const own = await on.outgoing.own(id);
  const key = { remoteJid: 'status@broadcast', id, fromMe: true };
  return {
    raw: { protocolMessage: { key, type: proto.Message.ProtocolMessage.Type.REVOKE } },
    attributes: { edit: '7' },
    ...(own?.recipients && { recipients: own.recipients }),
  };
}
