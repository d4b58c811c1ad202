import { ask } from '../asking/command.ts';
import { askGroup, type Entry, entryIn, GROUP_SERVER } from '../asking/group-query.ts';

/** Joins by a link's code, or asks to where an admin must approve (whatsmeow group.go, JoinGroupWithLink). */
export const groupJoin = ask({
  name: 'group-join',
  once: true,
  run: async ({ code }: { readonly code: string }, connection): Promise<Entry> =>
    entryIn(await askGroup(connection, GROUP_SERVER, 'set', { tag: 'invite', attrs: { code } })),
});
