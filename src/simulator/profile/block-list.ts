// xmlns `blocklist`: by LID, with the number beside it when blocking (Baileys chats.ts updateBlockStatus, whatsmeow
// user.go UpdateBlocklist).
import { type Account, accountJid, type Device } from '../accounts/accounts.ts';
import { accountSync } from '../delivery/notify.ts';
import { hidePresence } from '../presence/presence.ts';
import { type Answer, IqError } from '../stanzas/request.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { listHash } from './privacy-iqs.ts';

const get: Answer = ({ world, device, content }) => {
  const list = listNode(world, device.account);
  // What the client has is still right.
  if (content?.attrs.dhash !== undefined && content.attrs.dhash === list.attrs.dhash)
    return [node('list', { ...list.attrs, matched: 'true' })];
  return [list];
};

const set: Answer = ({ world, device, content, after }) => {
  const { jid, pn_jid, action } = content?.attrs ?? {};
  const person = world.accounts.byJid(jid);
  if (action !== 'block' && action !== 'unblock') throw new IqError(400);
  if (!person) throw new IqError(404);
  // Servers refuse a block that lacks one of the two forms (whatsapp-rust iq/blocklist.rs).
  if (action === 'block' && (!jid?.endsWith('@lid') || world.accounts.byJid(pn_jid) !== person))
    throw new IqError(400);
  if (person === device.account) throw new IqError(406);
  after(() => setBlocked(world, device.account, person, action === 'block', device));
  return [listNode(world, device.account, { person, blocked: action === 'block' })];
};

/** Blocks or unblocks, and tells the account's other devices. */
export function setBlocked(
  world: World,
  account: Account,
  person: Account,
  blocked: boolean,
  by?: Device,
): void {
  const list = world.profiles.of(account).blocked;
  if (list.has(person) === blocked) return;
  const prev_dhash = listHash(list);
  if (blocked) list.add(person);
  else list.delete(person);
  world.changed();
  const item = node('item', { jid: accountJid(person, 'lid'), action: blocked ? 'block' : 'unblock' });
  accountSync(world, account, node('blocklist', { dhash: listHash(list), prev_dhash }, [item]), by);
  if (blocked) hidePresence(world, account, person);
}

function listNode(
  world: World,
  account: Account,
  change?: { person: Account; blocked: boolean },
): BinaryNode {
  const list = new Set(world.profiles.of(account).blocked);
  if (change?.blocked) list.add(change.person);
  else if (change) list.delete(change.person);
  const items = [...list].map(person =>
    node('item', { jid: accountJid(person, 'lid'), pn_jid: accountJid(person) }),
  );
  return node('list', { dhash: listHash(list), addressing_mode: 'lid' }, items);
}

export const blockListIqs: Readonly<Record<string, Answer>> = {
  'blocklist/get/': get,
  'blocklist/get/item': get,
  'blocklist/get/blocklist': get,
  'blocklist/set/item': set,
};
