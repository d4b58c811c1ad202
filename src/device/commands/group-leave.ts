import { getAllBinaryNodeChildren } from '@whiskeysockets/baileys';
import { childOf, Refusal } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { askGroup, GROUP_SERVER } from '../asking/group-query.ts';

/** Leaves a group, or a community with everything in it. What is refused is refused within a good answer. */
export const groupLeave = ask({
  name: 'group-leave',
  once: true,
  async run(
    { group, community = false }: { readonly group: string; readonly community?: boolean },
    connection,
  ): Promise<void> {
    const left = community
      ? { tag: 'linked_groups', attrs: { parent_group_jid: group } }
      : { tag: 'group', attrs: { id: group } };
    const answer = await askGroup(connection, GROUP_SERVER, 'set', {
      tag: 'leave',
      attrs: {},
      content: [left],
    });
    const error = getAllBinaryNodeChildren(childOf(answer, 'leave'))[0]?.attrs.error;
    if (error !== undefined) throw new Refusal(Number(error), 'not a member');
  },
});
