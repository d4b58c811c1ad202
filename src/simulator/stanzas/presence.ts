// Who is there and who is typing: relayed to those who asked, kept by nobody (protocol.md 10.1).
import { type Account, accountJid, type Device, deviceJid } from '../accounts/accounts.ts';
import { parseJid } from '../wire/jid.ts';
import { type BinaryNode, children, node, unixNow } from '../wire/stanza.ts';
import type { World } from '../world.ts';

export function handlePresence(world: World, device: Device, presence: BinaryNode): void {
  const { type, name, to } = presence.attrs;
  if (name) world.accounts.rename(device.account, name);
  if (type === 'available' || type === 'unavailable') {
    device.available = type === 'available';
    world.events.tell({ kind: 'presence', jid: deviceJid(device), available: device.available });
    tellPresence(world, device.account);
  } else if (type === 'subscribe') {
    const account = world.accounts.byJid(to);
    if (!account) return;
    account.subscribers.add(device.account);
    device.mailbox.pushVolatile(presenceOf(account, parseJid(to)?.domain === 'lid'));
  }
}

/** Tells every subscriber where this account stands now. */
export function tellPresence(_world: World, account: Account): void {
  for (const subscriber of account.subscribers) {
    for (const device of subscriber.devices.values()) {
      if (device.phone === undefined) device.mailbox.pushVolatile(presenceOf(account, false));
    }
  }
}

function presenceOf(account: Account, byLid: boolean): BinaryNode {
  const from = accountJid(account, byLid ? 'lid' : 's.whatsapp.net');
  const available = [...account.devices.values()].some(device => device.available);
  return available
    ? node('presence', { from, type: 'available' })
    : node('presence', { from, type: 'unavailable', last: unixNow() });
}

/** Typing, recording, paused: to the connected devices of the other side. */
export function handleChatState(world: World, device: Device, chatState: BinaryNode): void {
  const state = children(chatState)[0];
  const chat = chatState.attrs.to ?? '';
  const shown = state?.attrs.media === 'audio' ? 'recording' : (state?.tag ?? '');
  world.events.tell({ kind: 'typing', from: deviceJid(device), chat, state: shown });
  const to = parseJid(chat);
  const account = to && world.accounts.byUser(to.user, to.domain);
  if (!account) return;
  const relayed = node('chatstate', { from: deviceJid(device, to.domain) }, children(chatState));
  const { chatStateTtlMs } = world.delivery;
  const until = world.clock.now() + chatStateTtlMs;
  const worthless = chatStateTtlMs > 0 ? () => world.clock.now() >= until : undefined;
  for (const target of account.devices.values()) target.mailbox.pushVolatile(relayed, worthless);
}
