// Faults of the way between server and client: delay, loss, order, damage.
import { randomBytes } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import { deviceJid } from '../accounts/accounts.ts';
import { closeNames } from '../wire/closes.ts';
import { type BinaryNode, children, node, SERVER } from '../wire/stanza.ts';
import type { World } from '../world.ts';
import { kind, nothing, type Wire } from './kind.ts';

const isMessage = (stanza: BinaryNode) => stanza.tag === 'message';
/** The stanzas of a mailbox: what a client has to confirm, hence gets again when it is lost. */
const DURABLE = new Set(['message', 'receipt', 'notification', 'call']);
const isDurable = (stanza: BinaryNode) => DURABLE.has(stanza.tag);

export const networkFaults = {
  'network.delay': kind({
    doc: 'Everything is late by `ms` and up to `jitterMs` more, on top of the latency of the simulator; the order is kept.',
    at: 'asked',
    params: z.strictObject({
      ms: z.number().min(0).max(600_000).default(0),
      jitterMs: z.number().min(0).max(600_000).default(0),
      direction: z.enum(['both', 'in', 'out']).default('both'),
    }),
  }),
  'delivery.drop': kind({
    doc: 'A message to the client is lost on its way; it is still unconfirmed, so the next login brings it.',
    at: 'out',
    params: nothing,
    suits: isDurable,
    act: () => true,
  }),
  'delivery.duplicate': kind({
    doc: 'A message to the client arrives `times` times, byte for byte the same.',
    at: 'out',
    params: z.strictObject({ times: z.number().int().min(2).max(10).default(2) }),
    suits: isDurable,
    act: (wire, stanza, { times }) => {
      for (let sent = 0; sent < times; sent++) wire.transmit(stanza);
      return true;
    },
  }),
  'delivery.reorder': kind({
    doc: 'A message to the client is overtaken by the next `by` messages; after `withinMs` it comes in any case.',
    at: 'out',
    params: z.strictObject({
      by: z.number().int().min(1).max(100).default(1),
      withinMs: z.number().int().min(1).max(60_000).default(300),
    }),
    suits: isMessage,
    act: (wire, stanza, { by, withinMs }) => {
      let left = by;
      const release = () => {
        wire.dropEffect(overtaken);
        wire.transmit(stanza);
      };
      const overtaken = (other: BinaryNode) => {
        // The end of an offline drain overtakes nothing: clients count what came before it.
        if (other.tag === 'ib') {
          release();
          return false;
        }
        if (!isMessage(other)) return false;
        wire.transmit(other);
        if (--left === 0) release();
        return true;
      };
      wire.addEffect(overtaken);
      wire.later(withinMs, () => {
        if (left > 0) release();
      });
      return true;
    },
  }),
  'delivery.undecryptable': kind({
    doc: 'A bit of the ciphertext flips before the client sees it: the client cannot decrypt, and asks again.',
    at: 'out',
    params: nothing,
    suits: isMessage,
    act: (wire, stanza) => {
      if (wire.device) wire.world.ledger.spoiled(stanza.attrs.id ?? '', deviceJid(wire.device));
      wire.transmit(damaged(stanza));
      return true;
    },
  }),
  'delivery.unavailable': kind({
    doc: 'A message to the client comes without its ciphertext, as to a device that its sender has not encrypted for.',
    at: 'out',
    params: z.strictObject({ type: z.string().max(100).default('') }),
    suits: isMessage,
    act: (wire, stanza, { type }) => {
      wire.transmit({ ...stanza, content: [node('unavailable', type === '' ? {} : { type })] });
      return true;
    },
  }),
  'drain.slow': kind({
    doc: 'What waited for a device is delivered at `perSecond` stanzas a second.',
    at: 'out',
    params: z.strictObject({ perSecond: z.number().min(0.1).max(10_000).default(10) }),
    suits: startsDrain,
    act: (wire, _preview, { perSecond }) => {
      const slow = (stanza: BinaryNode) => {
        if (endsDrain(stanza)) wire.dropEffect(slow);
        else if (stanza.attrs.offline === undefined) return false;
        wire.transmit(stanza, 1_000 / perSecond);
        return true;
      };
      wire.addEffect(slow);
      return false;
    },
  }),
  'drain.close': kind({
    doc: 'The connection ends in a named way after `after` stanzas of the offline queue.',
    at: 'out',
    params: z.strictObject({
      after: z.number().int().min(0).default(1),
      close: z.enum(closeNames).default('tcp'),
    }),
    suits: startsDrain,
    act: (wire, _preview, { after, close }) => {
      cutAfter(wire, after, () => wire.close(close));
      return false;
    },
  }),
  'drain.restart': kind({
    doc: 'The whole server goes away for `downMs` after `after` stanzas of a device’s offline queue.',
    at: 'out',
    params: z.strictObject({
      after: z.number().int().min(0).default(1),
      downMs: z.number().int().min(0).max(600_000).default(0),
    }),
    suits: startsDrain,
    act: (wire, _preview, { after, downMs }) => {
      cutAfter(wire, after, () => wire.world.restart(downMs));
      return false;
    },
  }),
  'ib.dirty': kind({
    doc: 'After <success> the client is told that something it keeps is stale, and shall fetch it again.',
    at: 'out',
    params: z.strictObject({ type: z.string().default('account_sync') }),
    suits: ({ tag }) => tag === 'success',
    act: (wire, success, { type }) => {
      wire.transmit(success);
      wire.transmit(dirty(wire.world, type));
      return true;
    },
    strike: (wire, { type }) => wire.transmit(dirty(wire.world, type)),
  }),
  'ib.edge-routing': kind({
    doc: 'After <success> the client is given routing info that it puts before its next intro header.',
    at: 'out',
    params: z.strictObject({ bytes: z.number().int().min(1).max(1_000).default(16) }),
    suits: ({ tag }) => tag === 'success',
    act: (wire, success, { bytes }) => {
      wire.transmit(success);
      wire.transmit(routing(bytes));
      return true;
    },
    strike: (wire, { bytes }) => wire.transmit(routing(bytes)),
  }),
} as const;

function startsDrain(stanza: BinaryNode): boolean {
  return stanza.tag === 'ib' && children(stanza, 'offline_preview').length > 0;
}

function endsDrain(stanza: BinaryNode): boolean {
  return stanza.tag === 'ib' && children(stanza, 'offline').length > 0;
}

/** Lets `after` stanzas of the drain pass and then loses everything; `cut` runs once the queue's owner is done. */
function cutAfter(wire: Wire, after: number, cut: () => void): void {
  let left = after;
  let over = false;
  wire.addEffect(stanza => {
    if (over) return true;
    if (stanza.attrs.offline !== undefined && left-- > 0) return false;
    // Fewer waited than were to pass: the cut is where the drain ends. What else is said meanwhile passes.
    if (stanza.attrs.offline === undefined && !endsDrain(stanza)) return false;
    over = true;
    wire.later(0, cut);
    return true;
  });
}

/**
 * From the end of an <enc>, a byte that is ciphertext whatever the message: behind it are 8 bytes of MAC and, in a pkmsg,
 * up to 10 of key ids; in a skmsg 64 of signature, which stock Baileys does not verify (so that there the damage is seen
 * by the padding, in 255 of 256 cases).
 */
const BEHIND = { skmsg: 65, other: 20 } as const;

function damaged(stanza: BinaryNode): BinaryNode {
  if (!Array.isArray(stanza.content)) return stanza;
  return {
    ...stanza,
    content: stanza.content.map(one => {
      if (one.tag !== 'enc' || !(one.content instanceof Uint8Array)) return one;
      const content = Buffer.from(one.content);
      const at = content.length - (one.attrs.type === 'skmsg' ? BEHIND.skmsg : BEHIND.other);
      const byte = content[at];
      if (byte !== undefined) content[at] = byte ^ 1;
      return { ...one, content };
    }),
  };
}

function dirty(world: World, type: string): BinaryNode {
  return node('ib', { from: SERVER }, [node('dirty', { type, timestamp: world.clock.seconds() })]);
}

function routing(bytes: number): BinaryNode {
  const info = node('routing_info', {}, randomBytes(bytes));
  return node('ib', { from: SERVER }, [node('edge_routing', {}, [info])]);
}
