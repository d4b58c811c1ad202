// The course of a call: offered, accepted, rejected, ended; and who hears of each step (whatsmeow call.go, whatsapp-rust
// wacore/src/stanza/call.rs, Baileys messages-recv.ts handleCall).
import { randomBytes } from 'node:crypto';
import { type Account, accountJid, type Device, deviceJid } from '../accounts/accounts.ts';
import { pushTo } from '../delivery/notify.ts';
import type { Group } from '../groups/groups.ts';
import { allows, isBlocked } from '../profile/privacy.ts';
import type { Domain } from '../wire/jid.ts';
import { type BinaryNode, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import type { Call } from './calls.ts';

export interface Offer {
  readonly id?: string;
  readonly caller: Device;
  readonly to: Account | Group;
  readonly video: boolean;
  readonly form: Domain;
  /** Ends it as missed, unless somebody accepts. */
  readonly timeoutMs: number;
  /** `offer_notice` instead of an offer: the device is told of a call that it cannot take. */
  readonly notice?: boolean;
  /** What the caller's client put into the offer; a phone's offer is made here. */
  readonly content?: readonly BinaryNode[];
}

/** Calls a person, or everybody else in a group. */
export function offerCall(world: World, offer: Offer): Call {
  const { caller, to, video, form } = offer;
  const group = 'members' in to ? to : undefined;
  const called = 'members' in to ? [...to.members.keys()].filter(one => one !== caller.account) : [to];
  const call: Call = {
    id: offer.id ?? randomBytes(16).toString('hex').toUpperCase(),
    caller: caller.account,
    callerDevice: caller.id,
    video,
    group,
    form,
    parties: new Map(),
    at: Number(world.clock.seconds()),
    ended: undefined,
    timer: undefined,
  };
  world.calls.add(call);
  for (const account of called) {
    const rings =
      !isBlocked(world, account, caller.account) && allows(world, account, caller.account, 'calladd');
    call.parties.set(account, rings ? 'ringing' : 'silenced');
    if (rings) push(world, call, account, offerNode(call, offer));
  }
  tellCall(world, call, video ? 'video' : 'audio');
  call.timer = setTimeout(() => {
    if (!world.stopped.aborted && ![...call.parties.values()].includes('accepted'))
      endCall(world, call, caller.account, 'timeout');
  }, offer.timeoutMs);
  call.timer.unref();
  return call;
}

/** One side takes the call: the caller hears so, and the other devices of that side stop ringing. */
export function acceptCall(world: World, call: Call, by: Device, content: BinaryNode[] = []): boolean {
  if (call.ended !== undefined || call.parties.get(by.account) !== 'ringing') return false;
  call.parties.set(by.account, 'accepted');
  clearTimeout(call.timer);
  push(world, call, call.caller, step(call, 'accept', {}, content), { from: by });
  push(world, call, by.account, step(call, 'terminate', { reason: 'accepted_elsewhere' }), { not: by });
  return true;
}

/** One side does not want it. Between two that is the end; in a group the others go on ringing. */
export function rejectCall(
  world: World,
  call: Call,
  by: Device,
  attrs: Record<string, string> = {},
): boolean {
  if (call.ended !== undefined || call.parties.get(by.account) !== 'ringing') return false;
  call.parties.set(by.account, 'rejected');
  push(world, call, call.caller, step(call, 'reject', attrs), { from: by });
  push(world, call, by.account, step(call, 'terminate', { reason: 'rejected_elsewhere' }), { not: by });
  const open = [...call.parties.values()].some(state => state === 'ringing' || state === 'accepted');
  if (!open) finish(world, call, 'rejected');
  return true;
}

/** Somebody hangs up, or the call is over for another reason: everybody who was told of it hears the end. */
export function endCall(world: World, call: Call, by: Account, reason?: string, from?: Device): boolean {
  if (call.ended !== undefined) return false;
  const terminate = step(call, 'terminate', reason === undefined ? {} : { reason });
  const state = call.parties.get(by);
  if (by !== call.caller && state !== undefined) {
    if (state !== 'accepted') return false;
    call.parties.set(by, 'left');
    push(world, call, call.caller, terminate, from ? { from } : {});
    if (call.group && [...call.parties.values()].includes('accepted')) return true;
  } else if (by === call.caller) {
    for (const [account, party] of call.parties)
      if (party === 'ringing' || party === 'accepted') push(world, call, account, terminate);
  } else return false;
  finish(world, call, reason ?? 'hangup');
  return true;
}

function finish(world: World, call: Call, how: string): void {
  clearTimeout(call.timer);
  call.ended = how;
  tellCall(world, call, how);
}

function tellCall(world: World, { id, caller, parties }: Call, how: string): void {
  const to = [...parties.keys()].map(account => accountJid(account));
  world.events.tell({ kind: 'call', id, from: accountJid(caller), to, how });
}

/** What passes between the two clients and means nothing to the server: preaccept, transport, relaylatency, … */
export function relayStep(world: World, call: Call, by: Device, given: BinaryNode): void {
  if (call.ended !== undefined) return;
  if (by.account !== call.caller) {
    if (call.parties.has(by.account)) push(world, call, call.caller, given, { from: by });
    return;
  }
  for (const [account, party] of call.parties)
    if (party === 'ringing' || party === 'accepted') push(world, call, account, given);
}

function offerNode(call: Call, { video, notice, content }: Offer): BinaryNode {
  const group = call.group && { 'group-jid': call.group.jid, type: 'group' };
  if (notice)
    return step(call, 'offer_notice', {
      media: video ? 'video' : 'audio',
      type: call.group ? 'group' : '',
      ...group,
    });
  // The order is the one that servers enforce (whatsapp-rust stanza/call.rs): sound, picture, network, abilities.
  const made = [
    node('audio', { enc: 'opus', rate: '16000' }),
    ...(video ? [node('video', { enc: 'h.264', dec: 'H264', device_orientation: '0' })] : []),
    node('net', { medium: '3' }),
    node('capability', { ver: '1' }, Buffer.of(1, 4, 255, 9, 196, 250)),
    node('encopt', { keygen: '2' }),
  ];
  return step(call, 'offer', { ...group }, content ? [...content] : made);
}

function step(call: Call, tag: string, attrs: Record<string, string>, content?: BinaryNode[]): BinaryNode {
  const creator = { 'call-id': call.id, 'call-creator': creatorJid(call) };
  const number = call.form === 'lid' ? { caller_pn: accountJid(call.caller) } : {};
  const shown = Object.fromEntries(Object.entries(attrs).filter(([, value]) => value !== ''));
  return node(tag, { ...shown, ...creator, ...number }, content && content.length > 0 ? content : undefined);
}

function creatorJid(call: Call): string {
  const device = call.caller.devices.get(call.callerDevice);
  return device ? deviceJid(device, call.form) : accountJid(call.caller, call.form);
}

/** To an account's companions. It comes from the caller, or from the device that took this step. */
function push(
  world: World,
  call: Call,
  to: Account,
  content: BinaryNode,
  { from, not }: { from?: Device; not?: Device } = {},
): void {
  const attrs = {
    id: world.nextId(),
    from: from ? deviceJid(from, call.form) : creatorJid(call),
    t: world.clock.seconds(),
    notify: (from?.account ?? call.caller).name,
    platform: 'android',
    version: '2.25.0',
  };
  const stanza = node('call', attrs, [content]);
  pushTo(world, to, stanza, not);
}
