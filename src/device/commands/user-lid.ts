import { within } from '../../lib/deadline.ts';
import { command } from '../asking/command.ts';
import { noAnswer, whatsappFailure } from '../asking/whatsapp-failure.ts';

const NUMBER = '@s.whatsapp.net';
const LID = '@lid';
const userOf = (jid: string) => jid.slice(0, jid.indexOf('@'));

/**
 * The number and the LID of a person. What is known is answered without a connection; WhatsApp is asked for the LID of a
 * number, and never tells the number of a LID (Signal/lid-mapping.ts asks by number alone).
 */
export const userLid = command({
  name: 'user-lid',
  async run({ jid }: { readonly jid: string }, on, { deadline }) {
    const { keys } = on.identity;
    const user = userOf(jid);
    if (jid.endsWith(LID)) {
      const reverse = `${user}_reverse`;
      const { [reverse]: number } = await keys.get('lid-mapping', [reverse]);
      return { lid: jid, ...(number !== undefined && { pn: `${number}${NUMBER}` }) };
    }
    const { [user]: lid } = await keys.get('lid-mapping', [user]);
    if (lid !== undefined) return { pn: jid, lid: `${lid}${LID}` };
    const connection = await on.open(deadline);
    try {
      const asked = connection.socket.signalRepository.lidMapping.getLIDForPN(jid);
      const found = await within(asked, deadline, noAnswer);
      return { pn: jid, ...(found && { lid: `${userOf(found).split(':')[0]}${LID}` }) };
    } catch (cause) {
      throw whatsappFailure(cause, connection);
    }
  },
});
