import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { type GroupInfo, groupInfoOf } from '../asking/group-info.ts';
import { askGroup } from '../asking/group-query.ts';
import type { PersonalInvite } from './group-accept-invite.ts';

/** The group that an invitation in person is to (whatsmeow group.go, GetGroupInfoFromInvite). */
export const groupInvitedTo = ask({
  name: 'group-invited-to',
  async run({ group, code, expiration, inviter }: PersonalInvite, connection): Promise<GroupInfo> {
    const invitation = { code, expiration: String(expiration), admin: inviter };
    const query = { tag: 'query', attrs: {}, content: [{ tag: 'add_request', attrs: invitation }] };
    return groupInfoOf(connection, childOf(await askGroup(connection, group, 'get', query), 'group'));
  },
});
