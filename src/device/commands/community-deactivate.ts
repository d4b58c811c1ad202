import { ask } from '../asking/command.ts';
import { askGroup } from '../asking/group-query.ts';

/** Ends a community: its groups go on by themselves (whatsapp-rust wacore/src/iq/groups.rs, DeleteCommunityIq). */
export const communityDeactivate = ask({
  name: 'community-deactivate',
  once: true,
  async run({ community }: { readonly community: string }, connection): Promise<void> {
    await askGroup(connection, community, 'set', { tag: 'delete_parent', attrs: {} });
  },
});
