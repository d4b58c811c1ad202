import { getBinaryNodeChild } from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { askGroup } from '../asking/group-query.ts';
import { namesIn, type Outcome, outcomesIn, participantNodes } from '../asking/people.ts';

/** Takes back invitations in person (Baileys Socket/groups.ts, groupRevokeInviteV4). */
export const groupRevokeInvite = ask({
  name: 'group-revoke-invite',
  async run(
    { group, participants }: { readonly group: string; readonly participants: readonly string[] },
    connection,
  ): Promise<Outcome[]> {
    const content = participantNodes(participants);
    const answer = await askGroup(connection, group, 'set', { tag: 'revoke', attrs: {}, content });
    const outcomes = outcomesIn(getBinaryNodeChild(answer, 'revoke'), await namesIn(connection, answer));
    // Baileys takes any answer for done, whatever is in it.
    return outcomes.length > 0 ? outcomes : participants.map(jid => ({ jid }));
  },
});
