import { ask } from '../asking/command.ts';
import { askGroup, type Entry, entryIn } from '../asking/group-query.ts';

/** Joins a group of a community that we are in (whatsapp-rust wacore/src/iq/groups.rs, JoinLinkedGroupIq). */
export const communityJoinGroup = ask({
  name: 'community-join-group',
  once: true,
  async run(
    { community, group }: { readonly community: string; readonly group: string },
    connection,
  ): Promise<Entry> {
    const join = { tag: 'join_linked_group', attrs: { jid: group } };
    return entryIn(await askGroup(connection, community, 'set', join), group);
  },
});
