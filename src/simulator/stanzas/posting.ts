// Who gets which part of a message from a client, or why nobody does (protocol.md 8.1-8.4).
import type { Account, Device } from '../accounts/accounts.ts';
import { type Chat, chatOf, STATUS } from '../delivery/chat.ts';
import { participantsHash } from '../delivery/participants-hash.ts';
import type { Group } from '../groups/groups.ts';
import { mayWrite } from '../groups/rules.ts';
import { firstContactError } from '../profile/trust-tokens.ts';
import { type Domain, parseJid } from '../wire/jid.ts';
import { type BinaryNode, child, children } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/** One device that gets the message, and what it can decrypt. */
export interface Addressee {
  readonly target: Device;
  readonly chat: Chat;
  /** How the sender wrote this device, where the chat does not say. */
  readonly form?: Domain | undefined;
  readonly encs: readonly BinaryNode[];
}

export interface Posting {
  readonly addressees: Iterable<Addressee>;
  /** The `error` of the ack: then nobody gets anything. */
  readonly refusal?: string;
  /** The hash of the devices that should have got it, for a client that sent its own. */
  readonly phash?: string;
}

/** What a client may see as `error` in the ack of a message. */
const ERRORS = {
  /** Nobody has that number (whatsapp-rust src/client/node_io.rs: 404 = recipient not found). */
  nobody: '404',
  /** Not in the group, or not one of those who may write there [guessed: 420 is what whatsmeow users report]. */
  notAllowed: '420',
} as const;

const refused = (refusal: string): Posting => ({ addressees: [], refusal });

/** Reads who gets what; nothing is delivered yet. */
export function posting(world: World, sender: Device, message: BinaryNode): Posting {
  const { to = '', recipient } = message.attrs;
  if (to === STATUS) return toStatus(world, sender, message);
  if (to.endsWith('@g.us')) {
    const group = world.groups.byJid(to);
    return group ? toGroup(world, sender, message, group) : refused(ERRORS.nobody);
  }
  const chat = chatOf(world, recipient ?? to);
  // Lists and channels: nobody is in them.
  if (chat?.kind !== 'person' || !parseJid(to)) return { addressees: [] };
  return toPerson(world, sender, message, chat);
}

interface Person {
  readonly kind: 'person';
  readonly jid: { readonly user: string; readonly device: number; readonly domain: Domain };
}

/** The listed devices of both sides, or, for a resend or a peer message, the one device in `to`. */
function toPerson(world: World, sender: Device, message: BinaryNode, chat: Person): Posting {
  const other = world.accounts.byUser(chat.jid.user, chat.jid.domain);
  if (!other) return refused(ERRORS.nobody);
  const { category, device_fanout } = message.attrs;
  // A resend or a peer message starts no chat.
  const unwanted =
    category === 'peer' || device_fanout === 'false'
      ? undefined
      : firstContactError(world, sender.account, other, message);
  if (unwanted !== undefined) return refused(unwanted);
  const addressees: Addressee[] = [];
  const add = (target: Device, encs: readonly BinaryNode[]) => {
    if (target.account === other || target.account === sender.account)
      addressees.push({ target, chat, encs });
  };
  const direct = children(message, 'enc');
  const resentTo = direct.length > 0 ? world.accounts.device(message.attrs.to) : undefined;
  // Baileys rc14 lists the device of a resend as well, with a second ciphertext: it would be shown twice.
  for (const { target, encs } of listed(world, message)) if (target !== resentTo) add(target, encs);
  if (resentTo) add(resentTo, direct);
  return { addressees, ...hashFor(message, [other, sender.account], chat.jid.domain) };
}

/** Every device of every member; a resend goes to its `participant` alone. */
function toGroup(world: World, sender: Device, message: BinaryNode, group: Group): Posting {
  if (!mayWrite(group, sender.account)) return refused(ERRORS.notAllowed);
  const chat: Chat = { kind: 'group', group };
  const { participant } = message.attrs;
  const shared = children(message, 'enc');
  if (participant !== undefined) {
    const target = world.accounts.device(participant);
    const member = target && group.members.has(target.account);
    return { addressees: member ? [{ target, chat, encs: shared }] : [] };
  }
  return {
    addressees: fanOut(group.members.keys(), listed(world, message), shared, chat),
    ...hashFor(message, group.members.keys(), group.addressing),
  };
}

/**
 * To the people who are listed, by device with the sender's key or as `<to jid=USER/>` without (whatsapp-rust
 * wacore/src/send/status.rs): everybody else does not see the status. A reaction has no shared part and reaches only
 * those for whom it was encrypted.
 */
function toStatus(world: World, sender: Device, message: BinaryNode): Posting {
  const chat: Chat = { kind: 'status' };
  const shared = children(message, 'enc');
  const resent = world.accounts.device(message.attrs.participant);
  if (message.attrs.participant !== undefined) {
    const form = parseJid(message.attrs.participant)?.domain;
    return { addressees: resent && resent !== sender ? [{ target: resent, chat, form, encs: shared }] : [] };
  }
  const people = new Map<Account, Domain>();
  for (const to of children(child(message, 'participants'), 'to')) {
    const jid = parseJid(to.attrs.jid);
    const account = jid && world.accounts.byUser(jid.user, jid.domain);
    if (account && !people.has(account)) people.set(account, jid.domain);
  }
  return {
    addressees: fanOut(people.keys(), listed(world, message), shared, chat, people),
    ...hashFor(message, people.keys(), people.values().next().value ?? 's.whatsapp.net'),
  };
}

/** Each device's own part before the shared one, whatever the order of the sender: the key must come first. */
function* fanOut(
  accounts: Iterable<Account>,
  own: Iterable<{ target: Device; encs: BinaryNode[] }>,
  shared: readonly BinaryNode[],
  chat: Chat,
  forms?: ReadonlyMap<Account, Domain>,
): Generator<Addressee> {
  const parts = new Map<Device, BinaryNode[]>();
  for (const { target, encs } of own) parts.set(target, encs);
  for (const account of accounts) {
    for (const target of account.devices.values()) {
      const encs = [...(parts.get(target) ?? []), ...shared];
      if (encs.length > 0) yield { target, chat, form: forms?.get(account), encs };
    }
  }
}

function* listed(world: World, message: BinaryNode): Generator<{ target: Device; encs: BinaryNode[] }> {
  for (const to of children(child(message, 'participants'), 'to')) {
    const target = world.accounts.device(to.attrs.jid);
    const encs = children(to, 'enc');
    if (target && encs.length > 0) yield { target, encs };
  }
}

function hashFor(message: BinaryNode, accounts: Iterable<Account>, form: Domain): { phash?: string } {
  if (message.attrs.phash === undefined) return {};
  const devices = function* () {
    for (const account of new Set(accounts)) yield* account.devices.values();
  };
  return { phash: participantsHash(devices(), form) };
}
