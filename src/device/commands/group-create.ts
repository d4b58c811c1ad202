import { generateMessageIDV2 } from '@whiskeysockets/baileys';
import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { type GroupInfo, readGroup } from '../asking/group-info.ts';
import { askGroup, GROUP_SERVER } from '../asking/group-query.ts';
import { namesIn, type Outcome, outcomesIn, participantNodes } from '../asking/people.ts';

export interface GroupCreated {
  readonly group: GroupInfo;
  /** Those who could not be let in. */
  readonly refused: readonly Outcome[];
}

/** Makes a group, or one of a community (Baileys Socket/groups.ts, groupCreate; communities.ts, communityCreateGroup). */
export const groupCreate = ask({
  name: 'group-create',
  once: true,
  async run(
    input: { readonly subject: string; readonly participants: readonly string[]; readonly parent?: string },
    connection,
  ): Promise<GroupCreated> {
    const { subject, participants, parent } = input;
    const people = participantNodes(participants);
    const answer = await askGroup(connection, GROUP_SERVER, 'set', {
      tag: 'create',
      attrs: { subject, key: generateMessageIDV2() },
      content: parent ? [...people, { tag: 'linked_parent', attrs: { jid: parent } }] : people,
    });
    const made = childOf(answer, 'group');
    const nameOf = await namesIn(connection, made);
    const refused = outcomesIn(made, nameOf).filter(({ error }) => error !== undefined);
    return { group: readGroup(made, nameOf), refused };
  },
});
