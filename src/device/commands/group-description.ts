import { generateMessageIDV2 } from '@whiskeysockets/baileys';
import { childOf } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';
import { groupInfoOf } from '../asking/group-info.ts';
import { askGroup } from '../asking/group-query.ts';

/**
 * Describes a group; an empty text deletes the description. A new one names the one that it replaces, so that nobody
 * overwrites what somebody else has just written (Baileys Socket/groups.ts, groupUpdateDescription).
 */
export const groupDescription = ask({
  name: 'group-description',
  async run({ group, text }: { readonly group: string; readonly text: string }, connection): Promise<void> {
    const query = { tag: 'query', attrs: { request: 'interactive' } };
    const now = childOf(await askGroup(connection, group, 'get', query), 'group');
    const prev = (await groupInfoOf(connection, now)).description?.id;
    await askGroup(connection, group, 'set', {
      tag: 'description',
      attrs: {
        ...(text === '' ? { delete: 'true' } : { id: generateMessageIDV2() }),
        ...(prev && { prev }),
      },
      ...(text !== '' && { content: [{ tag: 'body', attrs: {}, content: Buffer.from(text) }] }),
    });
  },
});
