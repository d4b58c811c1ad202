import { normalizeMessageContent, proto } from '@whiskeysockets/baileys';
import { wrongField } from '../asking/wrong-field.ts';
import { messageNamed } from '../sending/message-key.ts';
import { send } from '../sending/sending.ts';

interface Edit {
  readonly to: string;
  readonly message: string;
  readonly text: string;
}

const CAPTIONED = ['imageMessage', 'videoMessage', 'documentMessage'] as const;
const { MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;

/** Another text for a message of ours, or another caption. WhatsApp's apps take it for 15 minutes. */
export const sendEdit = send({
  name: 'send-edit',
  compose: async ({ to, message, text }: Edit, where) => {
    const named = await messageNamed(where, to, message);
    if (named && !named.key.fromMe) throw wrongField('message_id', 'only our own messages can be changed');
    const key = named?.key ?? { remoteJid: to, id: message, fromMe: true };
    return {
      raw: {
        protocolMessage: {
          key,
          type: MESSAGE_EDIT,
          editedMessage: edited(named?.message, text),
          timestampMs: Date.now(),
        },
      },
      attributes: { edit: '1' },
    };
  },
});

/** The new text; of a file the file as it was, with the new caption. */
function edited(before: proto.IMessage | undefined, text: string): proto.IMessage {
  const inner = normalizeMessageContent(before);
  const field = CAPTIONED.find(name => inner?.[name]);
  if (field) return { [field]: { ...inner?.[field], caption: text } };
  return { extendedTextMessage: { text } };
}
