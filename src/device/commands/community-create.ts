import { generateMessageIDV2 } from '@whiskeysockets/baileys';
import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { type GroupInfo, groupInfoOf } from '../asking/group-info.ts';
import { askGroup, GROUP_SERVER } from '../asking/group-query.ts';

/** Makes a community with its announcements and, if wanted, a general chat (Baileys Socket/communities.ts, communityCreate). */
export const communityCreate = ask({
  name: 'community-create',
  once: true,
  async run(
    input: {
      readonly subject: string;
      readonly description: string;
      /** Whoever joins one of its groups waits for an admin. */
      readonly approval: boolean;
      readonly membersMakeGroups: boolean;
      readonly generalChat: boolean;
    },
    connection,
  ): Promise<GroupInfo> {
    const { subject, description, approval, membersMakeGroups, generalChat } = input;
    const body = [{ tag: 'body', attrs: {}, content: Buffer.from(description) }];
    const answer = await askGroup(connection, GROUP_SERVER, 'set', {
      tag: 'create',
      attrs: { subject, key: generateMessageIDV2() },
      content: [
        ...(description === ''
          ? []
          : [{ tag: 'description', attrs: { id: generateMessageIDV2() }, content: body }]),
        {
          tag: 'parent',
          attrs: approval ? { default_membership_approval_mode: 'request_required' } : {},
        },
        ...(membersMakeGroups ? [{ tag: 'allow_non_admin_sub_group_creation', attrs: {} }] : []),
        ...(generalChat ? [{ tag: 'create_general_chat', attrs: {} }] : []),
      ],
    });
    return groupInfoOf(connection, childOf(answer, 'group'));
  },
});
