// Requests of clients: every one is answered, because an unanswered one costs Baileys 60 s (protocol.md 5.2).
import { dirtyIqs } from '../app-state/dirty.ts';
import { appStateIqs } from '../app-state/sync.ts';
import { catalogIqs } from '../business/catalog.ts';
import { businessProfileIqs } from '../business/profile.ts';
import { channelIqs } from '../channels/stanzas.ts';
import { groupIqs } from '../groups/iqs.ts';
import { mediaIqs } from '../media/media-conn.ts';
import { profileIqs } from '../profile/profile-iqs.ts';
import type { Connection } from '../wire/connection.ts';
import { type BinaryNode, children, node, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { accountIqs } from './account.ts';
import { encryptIqs } from './encrypt.ts';
import { answerMd } from './md.ts';
import { mexIqs } from './mex.ts';
import { type Answer, errorNode, IqError, type Later } from './request.ts';
import { usyncIqs } from './usync.ts';

/** By `xmlns`, or by `xmlns/type/child` where one namespace holds several requests. A map: clients choose the key. */
const answers: ReadonlyMap<string, Answer> = new Map(
  Object.entries({
    ...encryptIqs,
    ...usyncIqs,
    ...appStateIqs,
    ...dirtyIqs,
    ...accountIqs,
    ...profileIqs,
    ...businessProfileIqs,
    ...catalogIqs,
    ...channelIqs,
    ...mexIqs,
    ...groupIqs,
    ...mediaIqs,
  }),
);

export function handleIq(world: World, connection: Connection, iq: BinaryNode): void {
  const { id, type, xmlns = '', to = SERVER } = iq.attrs;
  if (type === 'result' || type === 'error') {
    connection.answer(iq);
    return;
  }
  const reply = (kind: 'result' | 'error', content: BinaryNode[]) =>
    connection.send(node('iq', { from: to, type: kind, id }, content.length > 0 ? content : undefined));
  const later: (() => void)[] = [];
  const after: Later = run => void later.push(run);
  try {
    const content = children(iq)[0];
    const name = `${xmlns}/${type}/${content?.tag ?? ''}`;
    const device = connection.device;
    const answer = answers.get(name) ?? answers.get(xmlns);
    if (xmlns === 'md') reply('result', answerMd(world, connection, iq, after));
    else if (answer && device) reply('result', answer({ world, device, iq, content, after }));
    else {
      world.ledger.unknownIq(name);
      reply('result', []);
    }
    for (const run of later) run();
  } catch (error) {
    if (!(error instanceof IqError)) throw error;
    reply('error', [errorNode(error.code)]);
  }
}
