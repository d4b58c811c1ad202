import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { type Member, membersIn } from '../asking/group-info.ts';
import { askGroup } from '../asking/group-query.ts';
import { namesIn } from '../asking/people.ts';

/** Everybody in any group of a community, each once (whatsmeow group.go, GetLinkedGroupsParticipants). */
export const communityParticipants = ask({
  name: 'community-participants',
  async run({ community }: { readonly community: string }, connection): Promise<Member[]> {
    const query = { tag: 'linked_groups_participants', attrs: {} };
    const list = childOf(await askGroup(connection, community, 'get', query), 'linked_groups_participants');
    const members = membersIn(list, await namesIn(connection, list));
    return [...new Map(members.map(member => [member.jid, member])).values()];
  },
});
