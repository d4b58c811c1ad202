import { send } from '../sending/sending.ts';

interface GroupInvite {
  readonly group: string;
  readonly code: string;
  /** Unix seconds. */
  readonly expiration: number;
  readonly groupName?: string;
  readonly caption?: string;
}

/** An invitation for one person, with the code that WhatsApp gave for somebody who cannot be added (Types/Message.d.ts). */
export const sendGroupInvite = send({
  name: 'send-group-invite',
  compose: async ({ group, code, expiration, groupName, caption = '' }: GroupInvite, { connection }) => ({
    groupInvite: {
      inviteCode: code,
      inviteExpiration: expiration,
      text: caption,
      jid: group,
      subject: groupName ?? (await connection.groups.of(group)).subject,
    },
  }),
});
