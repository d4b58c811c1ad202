import {
  type BinaryNode,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  S_WHATSAPP_NET,
} from '@whiskeysockets/baileys';
import { ask } from '../asking/command.ts';
import { bare } from '../jid.ts';

export interface Blocked {
  /** The number's JID, where it is known; the LID otherwise. */
  readonly jid: string;
  readonly lid?: string;
}

/** Whom the account has blocked. Baileys' own leaves out the numbers, which WhatsApp gives beside the LIDs. */
export const blockList = ask({
  name: 'block-list',
  async run(_: Record<string, never>, { socket }): Promise<readonly Blocked[]> {
    const answer: BinaryNode = await socket.query({
      tag: 'iq',
      attrs: { xmlns: 'blocklist', to: S_WHATSAPP_NET, type: 'get' },
    });
    const items = getBinaryNodeChildren(getBinaryNodeChild(answer, 'list'), 'item');
    return await Promise.all(
      items.map(async ({ attrs: { jid = '', pn_jid } }) => {
        const number = pn_jid ?? (await socket.signalRepository.lidMapping.getPNForLID(jid)) ?? undefined;
        return number === undefined || number === jid ? { jid } : { jid: bare(number), lid: jid };
      }),
    );
  },
});
