// Routes of the ledger: what happened, and what must never happen.
import { z } from '@hono/zod-openapi';
import { deviceJid } from '../accounts/accounts.ts';
import { violationKinds } from '../ledger/violations.ts';
import { Refused } from '../refused.ts';
import type { World } from '../world.ts';
import { Done, done } from './fields.ts';
import { type AddRoute, shapes } from './route.ts';

const count = z.number();
const Counts = z.looseObject({
  messages: count,
  deliveries: count,
  handed: count,
  receipts: count,
  retries: count,
  acks: count,
  refusals: count,
  nacks: count,
  duplicates: count,
  logins: count,
  pairings: count,
  restarts: count,
  protocolErrors: count,
  violations: count,
  receiptTypes: z.record(z.string(), count),
  protocolErrorReasons: z.record(z.string(), count),
  unknownIqs: z.record(z.string(), count),
  lastProtocolError: z.string().optional(),
  lastPhoneError: z.string().optional(),
  lastSaveError: z.string().optional(),
});
const KeyUse = z.object({
  type: z.string(),
  chain: z.string().openapi({ description: 'Fingerprint of the chain.' }),
  counter: z.number(),
  mac: z.string(),
  preKey: z.number().optional(),
  baseKey: z.string().optional(),
});
const DeviceEntry = z.object({
  addressed: z.number().openapi({ description: 'Copies that the sender made for it, retries included.' }),
  deliveries: z.number().openapi({ description: 'Copies put in its queue or handed to it.' }),
  handed: z.number().openapi({ description: 'Stanzas given to its connection, redeliveries included.' }),
  handedAt: z.number().optional(),
  open: z.number().openapi({ description: 'Copies that were handed and not confirmed.' }),
  spoiled: z.number().openapi({ description: 'Stanzas that a fault made unreadable on their way.' }),
  receipts: z.array(z.object({ type: z.string(), at: z.number() })),
  settled: z.enum(['delivered', 'retry', 'nack']).optional(),
  keys: z.array(KeyUse),
});
const MessageEntry = z
  .object({
    seq: z.number(),
    id: z.string(),
    from: z.string(),
    to: z.string(),
    at: z.number(),
    sent: z.number(),
    ackedAt: z.number().optional(),
    ackError: z.string().optional(),
    devices: z.record(z.string(), DeviceEntry),
  })
  .openapi('LedgerMessage');
const DeviceLog = z.object({
  sent: count,
  handed: count,
  acks: count,
  refusals: count,
  nacks: count,
  retries: count,
  receipts: z.record(z.string(), count),
  preKeysHanded: count,
  preKeysUsed: count,
  logins: z.array(z.number()),
  closes: z.array(z.object({ at: z.number(), name: z.string() })),
});
const Violation = z.object({
  kind: z.enum(Object.keys(violationKinds) as [keyof typeof violationKinds]),
  at: z.number(),
  id: z.string(),
  device: z.string(),
  detail: z.string(),
});
const Pending = z.object({
  id: z.string(),
  device: z.string(),
  waitsFor: z.enum(['receipt', 'resend']),
  since: z.number(),
});
const limit = z.coerce.number().int().min(1).max(10_000);

export const ledgerShapes = shapes({
  ledger: {
    id: 'ledger',
    method: 'get',
    path: '/ledger',
    tag: 'ledger',
    summary: 'What happened so far, in counters',
    results: Counts,
  },
  ledgerMessages: {
    id: 'ledgerMessages',
    method: 'get',
    path: '/ledger/messages',
    tag: 'ledger',
    summary: 'Messages in the order they were sent; `next` is the `after` of the next page',
    query: z.object({
      after: z.coerce.number().int().min(0).default(0).openapi({ description: 'A `seq`.' }),
      device: z.string().optional().openapi({ description: 'Only what this device sent or was to get.' }),
      limit: limit.default(100),
    }),
    results: z.object({ messages: z.array(MessageEntry), next: z.number().nullable() }),
  },
  ledgerMessage: {
    id: 'ledgerMessage',
    method: 'get',
    path: '/ledger/messages/{id}',
    tag: 'ledger',
    summary: 'One message: its sender, and what became of it at each device',
    params: z.object({ id: z.string() }),
    results: MessageEntry,
  },
  ledgerDevice: {
    id: 'ledgerDevice',
    method: 'get',
    path: '/ledger/devices/{jid}',
    tag: 'ledger',
    summary: 'One device: logins, closes, receipts by type, prekeys',
    params: z.object({ jid: z.string() }),
    results: DeviceLog,
  },
  ledgerViolations: {
    id: 'ledgerViolations',
    method: 'get',
    path: '/ledger/violations',
    tag: 'ledger',
    summary: 'What must never happen and did, and what devices still have to confirm',
    query: z.object({ limit: limit.default(1_000) }),
    results: z.object({
      total: z.number(),
      violations: z.array(Violation),
      pendingTotal: z.number(),
      pending: z.array(Pending),
      kinds: z.record(z.string(), z.string()).openapi({ description: 'What each kind means.' }),
    }),
  },
  clearLedger: {
    id: 'clearLedger',
    method: 'delete',
    path: '/ledger',
    tag: 'ledger',
    summary: 'Forgets what happened',
    results: Done,
  },
});

export function ledgerRoutes(add: AddRoute, world: World): void {
  const { ledger } = world;
  add(ledgerShapes.ledger, () => ({
    ...ledger.totals,
    receiptTypes: ledger.receiptTypes,
    protocolErrorReasons: ledger.protocolErrors as Record<string, number>,
    unknownIqs: Object.fromEntries(ledger.unknown),
    lastProtocolError: ledger.lastProtocolError,
    lastPhoneError: ledger.lastPhoneError,
    lastSaveError: ledger.lastSaveError,
  }));

  add(ledgerShapes.ledgerMessages, ({ query }) => {
    const messages = ledger.messages(query);
    return { messages, next: messages.length < query.limit ? null : (messages.at(-1)?.seq ?? null) };
  });

  add(ledgerShapes.ledgerMessage, ({ params }) => {
    const entry = ledger.message(params.id);
    if (!entry) throw new Refused(404, 'no such message');
    return entry;
  });

  add(ledgerShapes.ledgerDevice, ({ params }) => {
    const device = world.accounts.device(params.jid);
    const log = ledger.device(device ? deviceJid(device) : params.jid);
    if (!log) throw new Refused(404, `nothing is known of ${params.jid}`);
    return log;
  });

  add(ledgerShapes.ledgerViolations, ({ query }) => {
    const violations = ledger.violations(jid => world.accounts.device(jid)?.mailbox.live === true);
    const pending = ledger.pending();
    return {
      total: violations.length,
      violations: violations.slice(-query.limit),
      pendingTotal: pending.length,
      pending: pending.slice(0, query.limit),
      kinds: violationKinds,
    };
  });

  add(ledgerShapes.clearLedger, () => {
    ledger.clear();
    return done;
  });
}
