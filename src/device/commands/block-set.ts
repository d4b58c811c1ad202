import { isLidUser } from '@whiskeysockets/baileys';
import { Failure } from '../../errors.ts';
import { ask } from '../asking/command.ts';
import { bare } from '../jid.ts';

/** Blocks a person or lets them write again. It takes both names of a person (Socket/chats.js, updateBlockStatus). */
export const blockSet = ask({
  name: 'block-set',
  async run(
    { jid, blocked }: { readonly jid: string; readonly blocked: boolean },
    { socket },
  ): Promise<Record<string, never>> {
    const { me } = socket.authState.creds;
    if (jid === bare(me?.id) || jid === bare(me?.lid))
      throw new Failure('WA_BAD_REQUEST', 'Nobody can block themselves.');
    const names = socket.signalRepository.lidMapping;
    const other = isLidUser(jid) ? await names.getPNForLID(jid) : await names.getLIDForPN(jid);
    if (!other && (blocked || !isLidUser(jid)))
      throw new Failure('INVALID_JID', `phone: ${jid} is not on WhatsApp.`, { results: { phone: jid } });
    await socket.updateBlockStatus(jid, blocked ? 'block' : 'unblock');
    return {};
  },
});
