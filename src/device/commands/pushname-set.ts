import { changeAppState } from '../asking/app-state.ts';
import { ask } from '../asking/command.ts';

/**
 * The name that others see beside the account's messages. WhatsApp takes it from the next presence, which Baileys would
 * send without saying whether we are there, and that means online (Socket/socket.js, "update credentials when required").
 */
export const pushnameSet = ask({
  name: 'pushname-set',
  async run({ name }: { readonly name: string }, connection, on): Promise<void> {
    const { socket } = connection;
    const { creds } = socket.authState;
    await changeAppState(connection, { pushNameSetting: name });
    if (creds.me) {
      creds.me.name = name;
      socket.ev.emit('creds.update', { me: creds.me });
    }
    on.identity.introduce();
    await socket.sendPresenceUpdate(on.household.manners.presence);
  },
});
