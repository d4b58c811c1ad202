// What clients say about themselves and want to know of others: presence and chat states (protocol.md 10.1).
import type { Device } from '../accounts/accounts.ts';
import { rename } from '../accounts/rename.ts';
import { chatStateIn, sayChatState } from '../presence/chat-state.ts';
import { setAvailable, watchGroup, watchPerson } from '../presence/presence.ts';
import { parseJid } from '../wire/jid.ts';
import { type BinaryNode, bytes, child, children } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** As long as the apps allow; a longer name is cut. */
const MAX_NAME = 100;

export function handlePresence(world: World, device: Device, presence: BinaryNode): void {
  const { type, name, to } = presence.attrs;
  if (name) rename(world, device.account, name.slice(0, MAX_NAME));
  if (type === 'available' || type === 'unavailable') setAvailable(world, device, type === 'available');
  else if (type === 'subscribe') subscribe(world, device, to, presence);
}

function subscribe(world: World, device: Device, to: string | undefined, presence: BinaryNode): void {
  const group = world.groups.byJid(to);
  if (group) {
    watchGroup(world, device, group);
    return;
  }
  const person = parseJid(to);
  const account = person && world.accounts.byUser(person.user, person.domain);
  if (account) watchPerson(world, device, account, person.domain, bytes(child(presence, 'tctoken')));
}

export function handleChatState(world: World, device: Device, chatState: BinaryNode): void {
  const state = chatStateIn(children(chatState)[0]);
  if (state) sayChatState(world, device, chatState.attrs.to ?? '', state);
}
