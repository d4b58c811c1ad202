import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { askGroup } from '../asking/group-query.ts';

/** The last part of a group's link; with `reset` a new one, and the old one leads nowhere any more. */
export const groupInviteCode = ask({
  name: 'group-invite-code',
  async run(
    { group, reset }: { readonly group: string; readonly reset: boolean },
    connection,
  ): Promise<{ readonly code: string }> {
    const answer = await askGroup(connection, group, reset ? 'set' : 'get', { tag: 'invite', attrs: {} });
    const { code } = childOf(answer, 'invite').attrs;
    if (!code) throw new Error('the answer has no code');
    return { code };
  },
});
