import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { type GroupInfo, groupInfoOf } from '../asking/group-info.ts';
import { askGroup, GROUP_SERVER } from '../asking/group-query.ts';

/** The group that a link's code leads to, as one who is not in it sees it. */
export const groupBehindLink = ask({
  name: 'group-behind-link',
  async run({ code }: { readonly code: string }, connection): Promise<GroupInfo> {
    const answer = await askGroup(connection, GROUP_SERVER, 'get', { tag: 'invite', attrs: { code } });
    return groupInfoOf(connection, childOf(answer, 'group'));
  },
});
