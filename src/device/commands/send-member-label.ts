import { proto } from '@whiskeysockets/baileys';
import { send } from '../sending/sending.ts';

const { GROUP_MEMBER_LABEL_CHANGE } = proto.Message.ProtocolMessage.Type;

/** What we are in a group, as its members see it beside our name; '' for nothing (Socket/messages-send.ts, updateMemberLabel). */
export const sendMemberLabel = send({
  name: 'send-member-label',
  compose: ({ label }: { readonly label: string }) => ({
    raw: {
      protocolMessage: {
        type: GROUP_MEMBER_LABEL_CHANGE,
        memberLabel: { label, labelTimestamp: Math.floor(Date.now() / 1000) },
      },
    },
    nodes: [{ tag: 'meta', attrs: { tag_reason: 'user_update', appdata: 'member_tag' } }],
  }),
});
