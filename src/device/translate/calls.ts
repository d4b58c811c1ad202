/** Calls, as far as a linked device hears of them. What Baileys tells of a call has neither the reason nor the caller's app. */
import type { BinaryNode } from '@whiskeysockets/baileys';
import { bare, party } from '../jid.ts';
import type { Told } from './envelope.ts';
import { childOf, childrenOf, timesOf } from './nodes.ts';
import { given, text } from './read.ts';

/** The steps that matter to somebody who does not speak: the others are how two clients find each other. */
const STEPS: Readonly<Record<string, string>> = {
  accept: 'accepted',
  reject: 'rejected',
  terminate: 'ended',
};

/** `<call>`. An offer comes again when it was not acknowledged, and is one event by its id. */
export function fromCall(node: BinaryNode): Told[] {
  const [step] = childrenOf(node);
  const id = step?.attrs['call-id'];
  if (!step || id === undefined) return [];
  const { attrs } = step;
  const { at, timestamp } = timesOf(node);
  const creator = attrs['call-creator'] ?? attrs.from ?? node.attrs.from;
  const { shown, lid } = party(creator, attrs.caller_pn ?? attrs.caller_lid);
  const about = {
    call_id: id,
    from: shown,
    ...given({ from_lid: lid }),
    sender_display_name: node.attrs.notify ?? '',
  };
  const group = given({ group_jid: bare(attrs['group-jid']) || undefined });
  if (step.tag === 'offer' || step.tag === 'offer_notice') {
    const video = childOf(step, 'video') !== undefined || attrs.media === 'video';
    const caller = given({
      remote_platform: text(node.attrs.platform),
      remote_version: text(node.attrs.version),
    });
    const payload = { ...about, auto_rejected: false, ...caller, ...group, video, timestamp };
    return [{ event: 'call.offer', at, identity: id, payload }];
  }
  const status = Object.hasOwn(STEPS, step.tag) ? STEPS[step.tag] : undefined;
  if (status === undefined) return [];
  const by = bare(node.attrs.from);
  const payload = {
    ...about,
    status,
    ...given({ reason: text(attrs.reason), by: by || undefined }),
    ...group,
    timestamp,
  };
  return [{ event: 'call.updated', at, identity: `${id} ${status} ${by}`, payload }];
}
