// Faults of the server's answers: requests, acks, receipts, keys, limits.
import { z } from '@hono/zod-openapi';
import { deviceJid } from '../accounts/accounts.ts';
import { type BinaryNode, node, SERVER } from '../wire/stanza.ts';
import { kind, type Notes, nothing, type Wire } from './kind.ts';

const code = z.union([z.string().min(1), z.number().int().transform(String)]);
const isMessage = (stanza: BinaryNode) => stanza.tag === 'message';
const isAck = (stanza: BinaryNode) => stanza.tag === 'ack' && stanza.attrs.class === 'message';
const asks = ({ tag, attrs }: BinaryNode) => tag === 'iq' && (attrs.type === 'get' || attrs.type === 'set');
/** Seconds; whatsapp-rust wacore/src/request.rs reads it. */
const backoff = z.number().int().min(0).optional();

export const answerFaults = {
  'iq.silent': kind({
    doc: 'A request is not answered, and nothing is done; which, says the filter (`xmlns`, `type`, `child`).',
    at: 'in',
    params: nothing,
    suits: asks,
    act: () => true,
  }),
  'iq.error': kind({
    doc: 'A request is answered with an error, and nothing is done; which, says the filter.',
    at: 'in',
    params: z.strictObject({
      code: code.default('500'),
      text: z.string().default('internal-server-error'),
      backoff,
    }),
    suits: asks,
    act: (wire, iq, { code, text, backoff }) => refuse(wire, iq, code, text, backoff),
  }),
  'iq.rate-overlimit': kind({
    doc: 'A request is answered with 429 rate-overlimit, with a `backoff` in seconds or without.',
    at: 'in',
    params: z.strictObject({ backoff }),
    suits: asks,
    act: (wire, iq, { backoff }) => refuse(wire, iq, '429', 'rate-overlimit', backoff),
  }),
  'iq.late': kind({
    doc: 'A request is answered `ms` too late; what else is said meanwhile overtakes the answer.',
    at: 'out',
    params: z.strictObject({ ms: z.number().int().min(1).max(600_000).default(1_000) }),
    suits: ({ tag, attrs }) => tag === 'iq' && (attrs.type === 'result' || attrs.type === 'error'),
    act: (wire, answer, { ms }) => {
      wire.later(ms, () => wire.transmit(answer));
      return true;
    },
  }),
  'ack.withhold': kind({
    doc: 'A message is taken and delivered, but its sender never hears so.',
    at: 'out',
    params: nothing,
    suits: isAck,
    act: () => true,
  }),
  'ack.late': kind({
    doc: 'The ack of a message comes `ms` later than it could.',
    at: 'out',
    params: z.strictObject({ ms: z.number().int().min(1).max(600_000).default(1_000) }),
    suits: isAck,
    act: (wire, ack, { ms }) => {
      wire.later(ms, () => wire.transmit(ack));
      return true;
    },
  }),
  // 463: no privacy token or a restricted account, 479: invalid, 429: too many (protocol.md 8.1, 16).
  'ack.error': kind({
    doc: 'A message is refused with an error in its ack, and goes nowhere.',
    at: 'in',
    params: z.strictObject({ code: code.default('463') }),
    suits: isMessage,
    act: (wire, message, { code }) => refuseMessage(wire, message, code),
  }),
  'message.rate-limit': kind({
    doc: 'Of one device, `messages` are taken in each `windowMs`; the others are refused with `code` in their acks.',
    at: 'in',
    params: z.strictObject({
      messages: z.number().int().min(0).default(20),
      windowMs: z.number().int().min(1).max(86_400_000).default(60_000),
      code: code.default('429'),
    }),
    suits: isMessage,
    act: (wire, message, limit, notes) =>
      !allowed(wire, limit, notes) && refuseMessage(wire, message, limit.code),
  }),
  'message.lost': kind({
    doc: 'A message is acknowledged and reaches nobody: what a correct server never does (GET /admin/ledger/violations shows it).',
    at: 'asked',
    params: nothing,
  }),
  'receipt.drop': kind({
    doc: 'A receipt of a client is acknowledged and then lost: the sender of the message never hears. Not one that asks again.',
    at: 'asked',
    params: nothing,
    suits: ({ attrs }) => attrs.type !== 'retry',
  }),
  'prekeys.exhausted': kind({
    doc: 'The device has no one-time prekeys: bundles come without one, and its count is 0.',
    at: 'asked',
    params: z.strictObject({ bundles: z.boolean().default(true), count: z.boolean().default(true) }),
  }),
} as const;

function refuse(wire: Wire, iq: BinaryNode, code: string, text: string, wait: number | undefined): true {
  const error = node('error', { code, text, backoff: wait === undefined ? undefined : String(wait) });
  const { id, to = SERVER } = iq.attrs;
  wire.transmit(node('iq', { from: to, type: 'error', id }, [error]));
  return true;
}

function refuseMessage(wire: Wire, message: BinaryNode, error: string): true {
  const { id = '', to = '', participant, recipient } = message.attrs;
  if (wire.device) wire.world.ledger.sent(id, deviceJid(wire.device), to);
  wire.world.ledger.acked(id, error);
  wire.transmit(
    node('ack', {
      class: 'message',
      id,
      from: to,
      t: wire.world.clock.seconds(),
      participant,
      recipient,
      error,
    }),
  );
  return true;
}

interface Limit {
  readonly messages: number;
  readonly windowMs: number;
}

/** A window of a device begins with the first message in it. */
function allowed({ device }: Wire, { messages, windowMs }: Limit, notes: Notes): boolean {
  if (!device) return true;
  const now = performance.now();
  const known = notes.get(device);
  const window = known && known.until > now ? known : { until: now + windowMs, taken: 0 };
  notes.set(device, window);
  return ++window.taken <= messages;
}
