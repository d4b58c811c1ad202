import { send } from '../sending/sending.ts';
import { vcard } from '../sending/vcard.ts';

interface Card {
  readonly name: string;
  /** Digits with the country code. */
  readonly phone: string;
}

/** One contact, or several in one message. */
export const sendContacts = send({
  name: 'send-contacts',
  compose: ({ contacts }: { readonly contacts: readonly Card[] }) => ({
    contacts: {
      displayName: contacts.length === 1 ? contacts[0]!.name : `${contacts.length} contacts`,
      contacts: contacts.map(({ name, phone }) => ({ displayName: name, vcard: vcard(name, phone) })),
    },
  }),
});
