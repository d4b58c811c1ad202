import { isLidUser } from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { ask } from '../asking/command.ts';
import { notOnWhatsapp } from '../asking/whatsapp-failure.ts';
import { bare } from '../jid.ts';

/** Blocks a person or lets them write again. It takes both names of a person (Socket/chats.js, updateBlockStatus). */
export const blockSet = ask({
  name: 'block-set',
  async run(
    { jid, blocked }: { readonly jid: string; readonly blocked: boolean },
    { socket },
  ): Promise<void> {
    const { me } = socket.authState.creds;
    if (jid === bare(me?.id) || jid === bare(me?.lid))
      throw new Failure('WA_BAD_REQUEST', 'An account cannot block itself.');
    const names = socket.signalRepository.lidMapping;
    const other = isLidUser(jid) ? await names.getPNForLID(jid) : await names.getLIDForPN(jid);
    if (!other && (blocked || !isLidUser(jid))) throw notOnWhatsapp(jid);
    await socket.updateBlockStatus(jid, blocked ? 'block' : 'unblock');
  },
});
