// `<call>` from clients: steps of a call, and links to calls that nobody has made yet.
import { randomBytes } from 'node:crypto';
import { accountJid, type Device } from '../accounts/accounts.ts';
import { parseJid } from '../wire/jid.ts';
import { type BinaryNode, child, children, node } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { acceptCall, endCall, offerCall, rejectCall, relayStep } from './signalling.ts';

/** The JID of the service that makes links. */
const CALL_SERVICE = '@call';
/** As long as WhatsApp lets a phone ring. */
export const RINGS_MS = 45_000;
const MAX_CALL_ID = 64;

/** Every call stanza gets its ack, with `error` when it is about nothing: a client that rejects waits for it. */
export function handleCall(world: World, device: Device, call: BinaryNode): void {
  const { id, to } = call.attrs;
  const step = children(call)[0];
  const ack = (error?: string, content?: BinaryNode[]) =>
    device.connection?.send(node('ack', { class: 'call', id, from: to, type: step?.tag, error }, content));
  if (!step) ack('400');
  else if (to === CALL_SERVICE) answerLink(world, device, step, ack);
  else ack(take(world, device, step, call));
}

function answerLink(
  world: World,
  device: Device,
  step: BinaryNode,
  ack: (error?: string, content?: BinaryNode[]) => void,
): void {
  const { media, token } = step.attrs;
  if (media !== 'audio' && media !== 'video') ack('400');
  else if (step.tag === 'link_create') {
    const link = { token: randomBytes(16).toString('base64url'), media, creator: device.account } as const;
    world.calls.addLink(link);
    world.changed();
    ack(undefined, [node('link_create', { token: link.token, media })]);
  } else if (step.tag === 'link_query') {
    const link = world.calls.links.get(token ?? '');
    if (link?.media !== media) {
      ack('404');
      return;
    }
    const creator = {
      link_creator: accountJid(link.creator, 'lid'),
      link_creator_pn: accountJid(link.creator),
    };
    ack(undefined, [node('link_query', { token, media, ...creator })]);
  } else ack('501');
}

/** The error of the ack, or undefined. */
function take(world: World, device: Device, step: BinaryNode, stanza: BinaryNode): string | undefined {
  const id = step.attrs['call-id'];
  if (id === undefined || id.length > MAX_CALL_ID) return '400';
  if (step.tag === 'offer') return offer(world, device, id, step, stanza.attrs.to);
  const call = world.calls.byId(id);
  if (!call || (call.caller !== device.account && !call.parties.has(device.account))) return '404';
  switch (step.tag) {
    case 'accept':
      acceptCall(world, call, device, children(step));
      break;
    case 'reject':
      rejectCall(world, call, device, { count: step.attrs.count ?? '0' });
      break;
    case 'terminate':
      endCall(world, call, device.account, step.attrs.reason, device);
      break;
    default:
      relayStep(world, call, device, step);
  }
  return undefined;
}

function offer(
  world: World,
  device: Device,
  id: string,
  step: BinaryNode,
  to: string | undefined,
): string | undefined {
  const group = world.groups.byJid(step.attrs['group-jid'] ?? to);
  const called = group ?? world.accounts.byJid(to);
  if (!called || called === device.account || world.calls.byId(id)) return called ? '400' : '404';
  if (group && !group.members.has(device.account)) return '403';
  const form = parseJid(to)?.domain ?? 'lid';
  const video = child(step, 'video') !== undefined;
  offerCall(world, {
    id,
    caller: device,
    to: called,
    video,
    form,
    timeoutMs: RINGS_MS,
    content: children(step),
  });
  return undefined;
}
