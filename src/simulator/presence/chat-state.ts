// Typing, recording, paused: for whoever is connected on the other side (protocol.md 10.1).
import { type Account, accountJid, companionsOf, type Device, deviceJid } from '../accounts/accounts.ts';
import { deliveredForm } from '../delivery/addressing.ts';
import { isBlocked } from '../profile/privacy.ts';
import { parseJid } from '../wire/jid.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

export const CHAT_STATES = ['composing', 'recording', 'paused'] as const;
export type ChatState = (typeof CHAT_STATES)[number];

/** What `<composing [media="audio"]/>` or `<paused/>` says; undefined for what is neither. */
export function chatStateIn(given: BinaryNode | undefined): ChatState | undefined {
  if (given?.tag === 'paused') return 'paused';
  if (given?.tag !== 'composing') return undefined;
  return given.attrs.media === 'audio' ? 'recording' : 'composing';
}

/** Tells a person or, with the sender as participant, a group's other members. False when there is nobody to tell. */
export function sayChatState(world: World, from: Device, chat: string, state: ChatState): boolean {
  const said =
    state === 'paused'
      ? node('paused', {})
      : node('composing', { media: state === 'recording' ? 'audio' : undefined });
  const told = relay(world, from.account, chat, said);
  if (told) world.events.tell({ kind: 'typing', from: deviceJid(from), chat, state });
  return told;
}

function relay(world: World, from: Account, to: string, said: BinaryNode): boolean {
  const group = world.groups.byJid(to);
  if (group) {
    if (!group.members.has(from)) return false;
    const participant = accountJid(from, group.addressing);
    const relayed = node('chatstate', { from: group.jid, participant }, [said]);
    for (const member of group.members.keys()) if (member !== from) push(world, from, member, relayed);
    return true;
  }
  const person = parseJid(to);
  const account = person && world.accounts.byUser(person.user, person.domain);
  if (!account) return false;
  if (account === from) return true;
  const shown = accountJid(from, deliveredForm(world, person.domain));
  push(world, from, account, node('chatstate', { from: shown }, [said]));
  return true;
}

function push(world: World, from: Account, to: Account, relayed: BinaryNode): void {
  if (isBlocked(world, to, from)) return;
  // Kept a while for who is away, where the simulator was told to (delivery/settings.ts).
  const { chatStateTtlMs } = world.delivery;
  const until = world.clock.now() + chatStateTtlMs;
  const worthless = chatStateTtlMs > 0 ? () => world.clock.now() >= until : undefined;
  for (const device of companionsOf(to)) device.mailbox.pushVolatile(relayed, worthless);
}
