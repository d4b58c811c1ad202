// Typing, recording, paused: to whoever is connected on the other side, kept for nobody (protocol.md 10.1).
import { type Account, accountJid, companionsOf } from '../accounts/accounts.ts';
import { deliveredForm } from '../delivery/addressing.ts';
import { isBlocked } from '../profile/privacy.ts';
import { parseJid } from '../wire/jid.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** Relays to a person or, with the sender as participant, to a group's other members. False when there is nobody. */
export function relayChatState(
  world: World,
  from: Account,
  to: string | undefined,
  state: BinaryNode,
): boolean {
  const group = world.groups.byJid(to);
  if (group) {
    if (!group.members.has(from)) return false;
    const participant = accountJid(from, group.addressing);
    const relayed = node('chatstate', { from: group.jid, participant }, [state]);
    for (const member of group.members.keys()) if (member !== from) push(world, from, member, relayed);
    return true;
  }
  const person = parseJid(to);
  const account = person && world.accounts.byUser(person.user, person.domain);
  if (!account) return false;
  if (account === from) return true;
  const shown = accountJid(from, deliveredForm(world, person.domain));
  push(world, from, account, node('chatstate', { from: shown }, [state]));
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

/** `<composing [media="audio"]/>` or `<paused/>`; undefined for what is neither. */
export function chatStateOf(given: BinaryNode | undefined): BinaryNode | undefined {
  if (given?.tag === 'paused') return node('paused', {});
  if (given?.tag !== 'composing') return undefined;
  return node('composing', { media: given.attrs.media === 'audio' ? 'audio' : undefined });
}
