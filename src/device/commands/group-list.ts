import { getBinaryNodeChildren } from '@whiskeysockets/baileys';
import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { type GroupInfo, readGroup } from '../asking/group-info.ts';
import { askGroup, GROUP_SERVER } from '../asking/group-query.ts';
import { namesIn } from '../asking/people.ts';

/** All groups and communities that we are in (Baileys Socket/groups.ts, groupFetchAllParticipating). */
export const groupList = ask({
  name: 'group-list',
  async run(_: Record<string, never>, connection): Promise<GroupInfo[]> {
    const answer = await askGroup(connection, GROUP_SERVER, 'get', {
      tag: 'participating',
      attrs: {},
      content: [
        { tag: 'participants', attrs: {} },
        { tag: 'description', attrs: {} },
      ],
    });
    const groups = getBinaryNodeChildren(childOf(answer, 'groups'), 'group');
    const nameOf = await namesIn(connection, ...groups);
    return groups.map(group => readGroup(group, nameOf));
  },
});
