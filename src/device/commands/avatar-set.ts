import { S_WHATSAPP_NET } from '@whiskeysockets/baileys';
import { answered } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';

/** The picture of the account: a square JPEG, or none any more (Socket/chats.js, updateProfilePicture, which scales it itself). */
export const avatarSet = ask({
  name: 'avatar-set',
  async run({ picture }: { readonly picture?: Uint8Array }, { socket }): Promise<void> {
    answered(
      await socket.query({
        tag: 'iq',
        attrs: { to: S_WHATSAPP_NET, type: 'set', xmlns: 'w:profile:picture' },
        ...(picture && { content: [{ tag: 'picture', attrs: { type: 'image' }, content: picture }] }),
      }),
    );
  },
});
