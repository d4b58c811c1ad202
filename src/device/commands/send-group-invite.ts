import { send } from '../sending.ts';

/** An invitation in person to a group, for one whose privacy lets nobody add them. */
export const sendGroupInvite = send({
  name: 'send-group-invite',
  compose: ({
    group,
    code,
    expiration,
    subject,
    text,
  }: {
    readonly group: string;
    readonly code: string;
    /** Unix seconds. */
    readonly expiration: number;
    readonly subject: string;
    readonly text: string;
  }) => ({
    groupInvite: { jid: group, inviteCode: code, inviteExpiration: expiration, subject, text },
  }),
});
