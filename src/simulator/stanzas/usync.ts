// xmlns `usync`: what there is to know of people (protocol.md 7). Baileys 7 can message nobody without the LID.
import { jid as formatJid, parseJid } from '../wire/jid.ts';
import { type BinaryNode, bytes, child, children, node } from '../wire/stanza.ts';
import { type Answer, IqError, type Request } from './request.ts';
import { type Asked, protocols } from './usync-protocols.ts';

/** WhatsApp Web asks for hundreds at once after linking; a flood is refused. */
const MAX_USERS = 3_000;

const usync: Answer = request => {
  const content = request.content;
  const query = children(child(content, 'query'));
  const listed = children(child(content, 'list'), 'user');
  const aside = children(child(content, 'side_list'), 'user');
  if (content?.tag !== 'usync' || query.length === 0) throw new IqError(400);
  if (listed.length + aside.length > MAX_USERS || overLimit(request)) throw new IqError(429);
  const answer = (user: BinaryNode) => answerUser(user, query, request);
  return [
    node('usync', { ...content.attrs }, [
      node(
        'result',
        {},
        query.map(({ tag }) => node(tag, {})),
      ),
      node('list', {}, listed.map(answer)),
      node('side_list', {}, aside.map(answer)),
    ]),
  ];
};

/** A limit that the control plane set, counted down (`rate-overlimit`, protocol.md 16). */
function overLimit({ world }: Request): boolean {
  const left = world.profiles.usyncLeft;
  if (left === undefined) return false;
  world.profiles.usyncLeft = Math.max(0, left - 1);
  return left === 0;
}

function answerUser(user: BinaryNode, query: BinaryNode[], request: Request): BinaryNode {
  const asked = readUser(user, request);
  const answered = query.map(({ tag }) =>
    Object.hasOwn(protocols, tag) ? protocols[tag]?.(asked, request) : node(tag, {}),
  );
  return node(
    'user',
    { jid: asked.jid },
    answered.filter(one => one !== undefined),
  );
}

/** By JID in either form, by a number in `<contact>`, or by a LID in `<lid jid>` (Baileys USyncUser). */
function readUser(user: BinaryNode, { world }: Request): Asked {
  const contact = bytes(child(user, 'contact'))?.toString();
  const digits = contact?.replace(/\D/g, '').slice(0, 20);
  const lid = child(user, 'lid')?.attrs.jid;
  const jid = user.attrs.jid ?? (digits ? formatJid(digits, 's.whatsapp.net') : (lid ?? ''));
  return {
    jid,
    byLid: parseJid(jid)?.domain === 'lid',
    account: world.accounts.byJid(jid),
    contact,
  };
}

export const usyncIqs: Readonly<Record<string, Answer>> = { usync };
