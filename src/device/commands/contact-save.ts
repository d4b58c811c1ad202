import { isLidUser } from '@whiskeysockets/baileys';
import { changeAppState } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';
import { bare } from '../jid.ts';

export interface ContactName {
  readonly jid: string;
  readonly fullName: string;
  readonly firstName?: string;
}

/** Puts a person into the phone's address book, or changes the name there. */
export const contactSave = ask({
  name: 'contact-save',
  async run({ jid, fullName, firstName }: ContactName, connection): Promise<void> {
    const lid = isLidUser(jid) ? jid : await connection.socket.signalRepository.lidMapping.getLIDForPN(jid);
    const contact = {
      fullName,
      saveOnPrimaryAddressbook: true,
      ...(firstName !== undefined && { firstName }),
      ...(lid && { lidJid: bare(lid) }),
    };
    await changeAppState(connection, { contact }, jid);
  },
});
