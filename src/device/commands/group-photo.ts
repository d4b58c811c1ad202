import { getBinaryNodeChild, S_WHATSAPP_NET } from '@whiskeysockets/baileys';
import { answered } from '../asking/answer.ts';
import { ask } from '../asking/command.ts';

/** The picture of a group: a square JPEG, or none any more (Baileys Socket/chats.ts, updateProfilePicture). */
export const groupPhoto = ask({
  name: 'group-photo',
  async run(
    { group, picture }: { readonly group: string; readonly picture?: Uint8Array },
    { socket },
  ): Promise<{ readonly id?: string }> {
    const answer = answered(
      await socket.query({
        tag: 'iq',
        attrs: { target: group, to: S_WHATSAPP_NET, type: 'set', xmlns: 'w:profile:picture' },
        ...(picture && { content: [{ tag: 'picture', attrs: { type: 'image' }, content: picture }] }),
      }),
    );
    const { id } = getBinaryNodeChild(answer, 'picture')?.attrs ?? {};
    return id === undefined ? {} : { id };
  },
});
