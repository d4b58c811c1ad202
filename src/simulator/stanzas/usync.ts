// xmlns `usync`: who has which devices and which LID (protocol.md 7). Baileys 7 can message nobody without the LID.
import { createHash } from 'node:crypto';
import { type Account, accountJid } from '../accounts/accounts.ts';
import { keyIndexList } from '../accounts/adv.ts';
import { jid as formatJid, parseJid } from '../wire/jid.ts';
import { type BinaryNode, bytes, child, children, node, unixNow } from '../wire/stanza.ts';
import type { Answer, Request } from './request.ts';

interface Asked {
  /** As the client wrote it, or what its number would be. */
  readonly jid: string;
  readonly byLid: boolean;
  readonly account: Account | undefined;
  readonly contact: string | undefined;
}

/** One child per protocol asked for; undefined leaves it out. */
const protocols: Readonly<Record<string, (asked: Asked, request: Request) => BinaryNode | undefined>> = {
  devices: ({ account }, { device }) => {
    if (!account) return node('devices', {}, [node('device-list', {}, [])]);
    account.watchers.add(device.account);
    return deviceList(account);
  },
  // Only for users asked by number: Baileys would store a mapping from the LID to itself.
  lid: ({ account, byLid }) =>
    account && !byLid ? node('lid', { val: accountJid(account, 'lid') }) : undefined,
  contact: ({ account, contact }) =>
    node(
      'contact',
      { type: account ? 'in' : 'out' },
      contact === undefined ? undefined : Buffer.from(contact),
    ),
  status: ({ account }) => node('status', { t: unixNow() }, Buffer.from(account ? 'Simulated' : '')),
  disappearing_mode: () => node('disappearing_mode', { duration: '0', t: '0' }),
};

const usync: Answer = request => {
  const content = request.content;
  const wanted = children(child(content, 'query')).map(one => one.tag);
  const users = children(child(content, 'list'), 'user').map(user => {
    const asked = readUser(user, request);
    const answered = wanted.map(tag =>
      Object.hasOwn(protocols, tag) ? protocols[tag]?.(asked, request) : node(tag, {}),
    );
    return node(
      'user',
      { jid: asked.jid },
      answered.filter(one => one !== undefined),
    );
  });
  const result = wanted.map(tag => node(tag, {}));
  return [
    node('usync', { ...content?.attrs }, [
      node('result', {}, result),
      node('list', {}, users),
      node('side_list', {}),
    ]),
  ];
};

function readUser(user: BinaryNode, { world }: Request): Asked {
  const contact = bytes(child(user, 'contact'))?.toString();
  const digits = contact?.replace(/\D/g, '');
  const jid = user.attrs.jid ?? (digits ? formatJid(digits, 's.whatsapp.net') : '');
  return {
    jid,
    byLid: parseJid(jid)?.domain === 'lid',
    account: world.accounts.byJid(jid),
    contact,
  };
}

// Baileys drops companions without a key index; device 0 is listed as real servers do.
function deviceList(account: Account): BinaryNode {
  const ids = [...account.devices.keys()].sort((a, b) => a - b);
  const hash = `2:${createHash('sha256').update(ids.join()).digest('base64').slice(0, 8)}`;
  const devices = ids.map(id =>
    node('device', { id: String(id), 'key-index': id === 0 ? undefined : String(id) }),
  );
  return node('devices', {}, [
    node('device-list', { hash }, devices),
    node('key-index-list', { ts: unixNow() }, keyIndexList(account)),
  ]);
}

export const usyncIqs: Readonly<Record<string, Answer>> = { usync };
