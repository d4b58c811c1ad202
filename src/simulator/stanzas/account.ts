// The small requests about oneself: going active, settings, privacy, block list, pings (protocol.md 5.2, 5.3).
import { activate } from '../linking/login.ts';
import { attr, type BinaryNode, node } from '../wire/stanza.ts';
import { type Answer, IqError } from './request.ts';

const nothing: Answer = () => [];

/** Everyone may see and do everything; `readreceipts: all` makes clients send real read receipts. */
const PRIVACY: Readonly<Record<string, string>> = {
  readreceipts: 'all',
  profile: 'all',
  status: 'all',
  online: 'all',
  last: 'all',
  groupadd: 'all',
  calladd: 'all',
  messages: 'all',
  defense: 'off',
  stickers: 'all',
};

const privacy: Answer = () => [
  node(
    'privacy',
    {},
    Object.entries(PRIVACY).map(([name, value]) => node('category', { name, value })),
  ),
];

const blockList = (blocked: Iterable<string>): BinaryNode[] => [
  node(
    'list',
    {},
    [...blocked].map(jid => node('item', { jid })),
  ),
];

export const accountIqs: Readonly<Record<string, Answer>> = {
  'passive/set/active': ({ device, after }) => {
    // What follows the answer is the offline queue.
    after(() => activate(device));
    return [];
  },
  'passive/set/passive': nothing,
  'w:p': nothing,
  'w:stats': nothing,
  abt: () => [node('props', { protocol: '1', hash: 'simulated' }, [])],
  'privacy/get/privacy': privacy,
  'privacy/set/privacy': privacy,
  'privacy/set/tokens': nothing,
  'blocklist/get/': ({ device }) => blockList(device.account.blocked),
  'blocklist/set/item': ({ world, device, content }) => {
    if (content) {
      const blocked = device.account.blocked;
      const jid = attr(content, 'jid');
      if (content.attrs.action === 'block') blocked.add(jid);
      else blocked.delete(jid);
      world.changed();
    }
    return blockList(device.account.blocked);
  },
  'urn:xmpp:whatsapp:dirty': nothing,
  status: nothing,
  disappearing_mode: nothing,
  'w:profile:picture/get/picture': ({ world, iq }) => {
    throw new IqError(404, world.accounts.byJid(iq.attrs.target) ? 'item-not-found' : 'not-found');
  },
  'w:biz/get/business_profile': () => [node('business_profile', {})],
  bot: () => [node('bot', { v: '2' })],
};
