import { getBinaryNodeChild, getBinaryNodeChildren } from '@whiskeysockets/baileys';
import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { seconds } from '../asking/group-info.ts';
import { askGroup, groupJidOf } from '../asking/group-query.ts';
import { namesIn, type Person } from '../asking/people.ts';

export interface Subgroup {
  readonly jid: string;
  readonly subject: string;
  readonly owner?: Person;
  /** Unix seconds. */
  readonly createdAt?: number;
  readonly size?: number;
  /** The one that everybody of the community is in. */
  readonly announcements: boolean;
}

/** The groups of a community (whatsmeow group.go, GetSubGroups). */
export const communityGroups = ask({
  name: 'community-groups',
  async run({ community }: { readonly community: string }, connection): Promise<Subgroup[]> {
    const answer = await askGroup(connection, community, 'get', { tag: 'sub_groups', attrs: {} });
    const list = childOf(answer, 'sub_groups');
    const nameOf = await namesIn(connection, list);
    return getBinaryNodeChildren(list, 'group').map(group => {
      const { id, jid, subject = '', creator, creation, size } = group.attrs;
      const [owner, createdAt, members] = [nameOf(creator), seconds(creation), seconds(size)];
      return {
        jid: groupJidOf(jid ?? id),
        subject,
        ...(owner && { owner }),
        ...(createdAt !== undefined && { createdAt }),
        ...(members !== undefined && { size: members }),
        announcements: getBinaryNodeChild(group, 'default_sub_group') !== undefined,
      };
    });
  },
});
