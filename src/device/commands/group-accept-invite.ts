import { ask } from '../asking/command.ts';
import { askGroup, type Entry, entryIn } from '../asking/group-query.ts';

/** An invitation in person, as its message has it; `inviter` is who sent that. */
export interface PersonalInvite {
  readonly group: string;
  readonly code: string;
  /** Unix seconds. */
  readonly expiration: number;
  readonly inviter: string;
}

/** Accepts an invitation in person ("v4"; whatsmeow group.go, JoinGroupWithInvite). */
export const groupAcceptInvite = ask({
  name: 'group-accept-invite',
  once: true,
  async run({ group, code, expiration, inviter }: PersonalInvite, connection): Promise<Entry> {
    const attrs = { code, expiration: String(expiration), admin: inviter };
    return entryIn(await askGroup(connection, group, 'set', { tag: 'accept', attrs }), group);
  },
});
