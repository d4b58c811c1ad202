import { getBinaryNodeChildren } from '@whiskeysockets/baileys';
import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { seconds } from '../asking/group-info.ts';
import { askGroup } from '../asking/group-query.ts';
import { namesIn, type Person } from '../asking/people.ts';

export interface JoinRequest extends Person {
  /** Unix seconds. */
  readonly at?: number;
  /** `invite_link`, `linked_group_join` or `non_admin_add`. */
  readonly method?: string;
}

/** Who waits to be let in (Baileys Socket/groups.ts, groupRequestParticipantsList). */
export const groupRequests = ask({
  name: 'group-requests',
  async run({ group }: { readonly group: string }, connection): Promise<JoinRequest[]> {
    const query = { tag: 'membership_approval_requests', attrs: {} };
    const list = childOf(await askGroup(connection, group, 'get', query), 'membership_approval_requests');
    const nameOf = await namesIn(connection, list);
    return getBinaryNodeChildren(list, 'membership_approval_request').flatMap(({ attrs }) => {
      const person = nameOf(attrs.jid);
      const at = seconds(attrs.request_time);
      if (!person) return [];
      const method = attrs.request_method;
      return [{ ...person, ...(at !== undefined && { at }), ...(method !== undefined && { method }) }];
    });
  },
});
