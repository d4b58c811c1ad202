import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { askGroup } from '../asking/group-query.ts';
import { namesIn, type Outcome, outcomesIn, participantNodes } from '../asking/people.ts';

/** Lets people in who have asked, or does not (Baileys Socket/groups.ts, groupRequestParticipantsUpdate). */
export const groupDecide = ask({
  name: 'group-decide',
  async run(
    input: {
      readonly group: string;
      readonly participants: readonly string[];
      readonly action: 'approve' | 'reject';
    },
    connection,
  ): Promise<Outcome[]> {
    const { group, participants, action } = input;
    const answer = await askGroup(connection, group, 'set', {
      tag: 'membership_requests_action',
      attrs: {},
      content: [{ tag: action, attrs: {}, content: participantNodes(participants) }],
    });
    const decided = childOf(childOf(answer, 'membership_requests_action'), action);
    return outcomesIn(decided, await namesIn(connection, decided));
  },
});
