import { getBinaryNodeChildren } from '@whiskeysockets/baileys';
import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { askGroup, groupJidOf } from '../asking/group-query.ts';

/** What became of one of the groups that a request named; without `error` it was done. */
export interface LinkOutcome {
  readonly jid: string;
  readonly error?: number;
}

/** Links groups to a community, or takes them out of it (whatsapp-rust wacore/src/iq/groups.rs, LinkSubgroupsIq). */
export const communityLink = ask({
  name: 'community-link',
  async run(
    input: {
      readonly community: string;
      readonly groups: readonly string[];
      readonly linked: boolean;
      /** Of those taken out: who was in the community for that group alone leaves it. */
      readonly orphansLeave: boolean;
    },
    connection,
  ): Promise<LinkOutcome[]> {
    const { community, groups, linked, orphansLeave } = input;
    const named = groups.map(jid => ({
      tag: 'group',
      attrs: { jid, ...(orphansLeave && { remove_orphaned_members: 'true' }) },
    }));
    const link = { tag: 'link', attrs: { link_type: 'sub_group' }, content: named };
    const answer = await askGroup(
      connection,
      community,
      'set',
      linked
        ? { tag: 'links', attrs: {}, content: [link] }
        : { tag: 'unlink', attrs: { unlink_type: 'sub_group' }, content: named },
    );
    const list = linked ? childOf(childOf(answer, 'links'), 'link') : childOf(answer, 'unlink');
    return getBinaryNodeChildren(list, 'group').map(({ attrs: { jid, id, error } }) => ({
      jid: groupJidOf(jid ?? id),
      ...(error !== undefined && { error: Number(error) }),
    }));
  },
});
