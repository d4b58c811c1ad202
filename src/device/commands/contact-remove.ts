import { changeAppState } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';

/** Takes a person out of the phone's address book. */
export const contactRemove = ask({
  name: 'contact-remove',
  async run({ jid }: { readonly jid: string }, connection): Promise<void> {
    await changeAppState(connection, { contact: null }, jid);
  },
});
