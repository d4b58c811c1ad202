import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { askGroup } from '../asking/group-query.ts';
import { namesIn, type Outcome, outcomesIn, participantNodes } from '../asking/people.ts';

/**
 * Changes who is in a group, and as what; tells of each of them what became of it. `everywhere` takes people out of all
 * groups of a community (Baileys Socket/communities.ts, communityParticipantsUpdate).
 */
export const groupParticipants = ask({
  name: 'group-participants',
  async run(
    input: {
      readonly group: string;
      readonly participants: readonly string[];
      readonly action: 'add' | 'remove' | 'promote' | 'demote';
      readonly everywhere?: boolean;
    },
    connection,
  ): Promise<Outcome[]> {
    const { group, participants, action, everywhere = false } = input;
    const answer = await askGroup(connection, group, 'set', {
      tag: action,
      attrs: everywhere ? { linked_groups: 'true' } : {},
      content: participantNodes(participants),
    });
    return outcomesIn(childOf(answer, action), await namesIn(connection, answer));
  },
});
