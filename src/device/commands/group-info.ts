import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { type GroupInfo, groupInfoOf } from '../asking/group-info.ts';
import { askGroup } from '../asking/group-query.ts';

/** What a group that we are in is like, and who is in it. */
export const groupInfo = ask({
  name: 'group-info',
  async run({ group }: { readonly group: string }, connection): Promise<GroupInfo> {
    const query = { tag: 'query', attrs: { request: 'interactive' } };
    return groupInfoOf(connection, childOf(await askGroup(connection, group, 'get', query), 'group'));
  },
});
