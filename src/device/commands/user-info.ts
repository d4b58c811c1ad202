import { ask } from '../asking/command.ts';
import { findPerson, type Person } from '../asking/usync.ts';
import { notOnWhatsapp } from '../asking/whatsapp-failure.ts';

/** What an account shows to ours. */
export const userInfo = ask({
  name: 'user-info',
  async run({ jid }: { readonly jid: string }, connection): Promise<Person> {
    const person = await findPerson(connection, jid);
    if (person) return person;
    throw notOnWhatsapp(jid);
  },
});
