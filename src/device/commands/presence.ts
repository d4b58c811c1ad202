import { Failure } from '../../errors.ts';
import { ask } from '../asking/command.ts';

/** Shows the account as online, or not. */
export const presence = ask({
  name: 'presence',
  async run({ type }: { readonly type: 'available' | 'unavailable' }, { socket }): Promise<void> {
    // Without a name Baileys says nothing and calls it done (Socket/chats.js, sendPresenceUpdate).
    if (!socket.authState.creds.me?.name)
      throw new Failure(
        'WA_BAD_REQUEST',
        'WhatsApp takes a presence only with the account’s name, which is not known yet.',
      );
    await socket.sendPresenceUpdate(type);
  },
});
