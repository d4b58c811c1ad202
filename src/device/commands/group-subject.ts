import { ask } from '../asking/command.ts';
import { askGroup } from '../asking/group-query.ts';

/** Names a group anew. */
export const groupSubject = ask({
  name: 'group-subject',
  async run(
    { group, subject }: { readonly group: string; readonly subject: string },
    connection,
  ): Promise<void> {
    await askGroup(connection, group, 'set', { tag: 'subject', attrs: {}, content: Buffer.from(subject) });
  },
});
