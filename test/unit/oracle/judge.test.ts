// An oracle that finds nothing proves nothing: each rule is broken once, and must say so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Evidence, LedgerMessage } from '../../support/oracle/evidence.ts';
import { type Rule, rules } from '../../support/oracle/finding.ts';
import { judge, report } from '../../support/oracle/judge.ts';

const OURS = '15550001:3@s.whatsapp.net';
const OWN_PHONE = '15550001@s.whatsapp.net';
const ANA = '17770001@s.whatsapp.net';
const SEEN = { addressed: 1, deliveries: 1, handed: 1, open: 0, spoiled: 0, keys: [] };

type Row = LedgerMessage['devices'][string];
const row = (type: string, changes: Partial<Row> = {}): Row => ({
  ...SEEN,
  receipts: [{ type, at: 1 }],
  settled: 'delivered',
  ...changes,
});
const entry = (seq: number, id: string, from: string, to: string, devices: Record<string, Row>) => ({
  ...{ seq, id, from, to, at: seq, sent: 1, ackedAt: seq, devices },
});
const shown = (id: string, from: string, text: string, chat: string) => ({
  ...{ id, chat, from, fromMe: false, text, type: 'text', timestamp: 1 },
});

/** A run without fault: Ana wrote IN to our device, the device wrote OUT to Ana, and Ana's receipt came. */
function whole(): Evidence {
  const payload = { id: 'IN', chat_id: ANA, from: ANA, is_from_me: false, body: 'hi' };
  const event = { device: 'sales', event: 'message', payload };
  const ack = { ids: ['OUT'], chat_id: ANA, from: ANA, receipt_type: 'delivered' };
  const post = { device: 'sales', at: 1, status: 200, hash: 'a' };
  const account = { name: '', lid: '' };
  return {
    devices: [{ id: 'sales', jid: OURS, lastSeq: 2 }],
    people: [
      { ...account, phone: '15550001', jid: OWN_PHONE, lid: '91@lid', devices: [3] },
      { ...account, phone: '17770001', jid: ANA, lid: '92@lid', devices: [] },
    ],
    messages: [
      entry(1, 'IN', ANA, OWN_PHONE, { [OURS]: row('delivered'), [OWN_PHONE]: row('delivered') }),
      entry(2, 'OUT', OURS, ANA, { [ANA]: row('delivered'), [OWN_PHONE]: row('sender') }),
    ],
    violations: [],
    pending: [],
    totals: { undecryptable: 0 } as unknown as Evidence['totals'],
    shown: {
      '15550001': [shown('IN', ANA, 'hi', ANA), shown('OUT', OURS, 'ho', ANA)],
      '17770001': [shown('OUT', OURS, 'ho', OWN_PHONE)],
    },
    journal: [
      { ...event, seq: 1, id: 'evt_1' },
      { device: 'sales', seq: 2, id: 'evt_2', event: 'message.ack', payload: ack },
    ],
    deliveries: [
      { ...post, seq: 1, id: 'evt_1' },
      { ...post, seq: 2, id: 'evt_2' },
    ],
    asked: [{ device: 'sales', to: ANA, text: 'ho', at: 2, status: 200, messageId: 'OUT' }],
    sockets: [{ kind: 'login', jid: OURS, at: 0 }],
    processes: [{ pid: 7, ended: 0, wanted: 0, complaints: [], endedAt: 9 }],
    blows: [],
    groups: {},
  };
}

type Loose = { -readonly [K in keyof Evidence]: Evidence[K] };

/** What each way to break a run is told as. */
const broken: readonly [
  what: string,
  expected: Rule | readonly Rule[],
  breakIt: (evidence: Loose) => void,
][] = [
  ['a receipted message without an event', 'O1', it => change(it, { id: 'OTHER' })],
  ['an event in another chat', 'O1', it => change(it, { chat_id: OWN_PHONE })],
  [
    'a message that was given up',
    'O1',
    it => {
      settle(it, 0, OURS, row('', { receipts: [], settled: 'nack' }));
      change(it, { id: 'OTHER' });
    },
  ],
  ['a message that was never confirmed', 'O1', it => settle(it, 0, OURS, pending())],
  ['a key used twice', 'O2', it => (it.violations = [violation('message-key-reused')])],
  ['a pre-key used twice', 'O2', it => (it.violations = [violation('prekey-used-twice')])],
  ['a hole in the journal', 'O3', it => (it.devices = [{ ...it.devices[0]!, lastSeq: 3 }])],
  ['an event that was refused for ever', 'O4', it => (it.deliveries = [post(0), post(1, { status: 500 })])],
  ['a delivery before its turn', 'O5', it => (it.deliveries = [post(1), post(0)])],
  ['two live sockets', 'O6', it => (it.sockets = [{ kind: 'close', jid: OURS, at: 5, close: 'replaced' }])],
  ['an unwanted end', 'O7', it => (it.processes = [{ ...it.processes[0]!, ended: 1 }])],
  ['an unhandled rejection', 'O7', it => complain(it, '[UnhandledPromiseRejection: no]')],
  ['an accepted send that never left', 'sends', it => (it.messages = [it.messages[0]!])],
  ['one that WhatsApp refused', ['sends', 'receipts'], it => refuse(it)],
  ['one that was not encrypted for a device', 'sends', it => settle(it, 1, OWN_PHONE, undefined)],
  [
    'one that a device asked for in vain',
    ['sends', 'decrypt'],
    it => settle(it, 1, OWN_PHONE, row('retry', { settled: 'retry' })),
  ],
  ['one that no phone shows', 'sends', it => (it.shown = { ...it.shown, '17770001': [] })],
  ['a receipt without an event', 'receipts', it => change(it, { ids: ['OTHER'] }, 1)],
  ['a text under two ids at a phone', 'twice', it => again(it, 'OUT2')],
  ['a text under two ids in a journal', ['O3', 'O4', 'twice'], it => copyEvent(it, { id: 'IN2' })],
  ['one message as two events', ['O3', 'O4', 'twice'], it => copyEvent(it, {})],
  ['one event with two bodies', 'twice', it => (it.deliveries = [...it.deliveries, post(0, { hash: 'b' })])],
  ['one seq under two ids', 'twice', it => (it.deliveries = [...it.deliveries, post(0, { id: 'evt_9' })])],
  ['phones that failed to decrypt', 'decrypt', it => (it.totals = { ...it.totals, undecryptable: 1 })],
  ['a phone that asked again', 'decrypt', it => settle(it, 1, ANA, askedAgain(0))],
  ['a device that asked again', 'decrypt', it => retry(it, 0)],
];

test('a run without fault breaks no rule, and its figures say what there was', () => {
  const { findings, figures } = judge(whole());
  assert.deepEqual(findings, []);
  assert.equal(report(judge(whole())), 'every rule holds');
  assert.deepEqual(
    [figures.messagesReceipted, figures.sendsAccepted, figures.events, figures.deliveriesRepeated],
    [1, 1, 2, 0],
  );
});

for (const [what, expected, breakIt] of broken)
  test(`the oracle finds ${what}`, () => {
    const evidence: Loose = whole();
    breakIt(evidence);
    const verdict = judge(evidence);
    const wanted = [expected].flat();
    const found = [...new Set(verdict.findings.map(({ rule }) => rule))];
    assert.ok(
      wanted.some(rule => found.includes(rule)) && found.every(rule => wanted.includes(rule)),
      `${report(verdict)}`,
    );
    assert.match(report(verdict), /is broken \d+ times/);
  });

test('every rule is broken by one of these', () => {
  const covered = new Set(broken.flatMap(([, expected]) => expected));
  assert.deepEqual(
    Object.keys(rules).filter(rule => !covered.has(rule as Rule)),
    [],
  );
});

test('what is as it should be is not held against anybody', () => {
  const evidence: Loose = whole();
  // Delivered again with its id; asked again for what a fault spoiled; a socket that a kill left; a kill that was wanted.
  evidence.deliveries = [...evidence.deliveries, post(0), post(1)];
  // Ana answered that over a new session, and could not read what came in the old one.
  retry(evidence, 1);
  settle(evidence, 1, ANA, askedAgain(0));
  evidence.blows = [4_500];
  evidence.sockets = [{ kind: 'close', jid: OURS, at: 5_000, close: 'replaced' }];
  evidence.processes = [{ ...evidence.processes[0]!, ended: 'SIGKILL', wanted: 'SIGKILL' }];
  evidence.asked = [
    ...evidence.asked,
    { device: 'sales', to: ANA, text: 'lost answer', at: 3, status: undefined },
    { device: 'sales', to: ANA, text: 'busy', at: 3, status: 503, code: 'DEVICE_NOT_CONNECTED' },
  ];
  const { findings, figures } = judge(evidence);
  assert.deepEqual(findings, []);
  assert.deepEqual([figures.deliveriesRepeated, figures.sendsAmbiguous, figures.sendsRefused], [2, 1, 1]);
});

function settle(it: Loose, index: number, jid: string, to: Row | undefined): void {
  const devices = { ...it.messages[index]!.devices };
  if (to) devices[jid] = to;
  else delete devices[jid];
  it.messages = it.messages.map((one, at) => (at === index ? { ...one, devices } : one));
}

function askedAgain(spoiled: number): Row {
  const receipts = ['retry', 'delivered'].map(type => ({ type, at: 1 }));
  return row('', { receipts, spoiled, addressed: 2, handed: 2 });
}

const retry = (it: Loose, spoiled: number) => settle(it, 0, OURS, askedAgain(spoiled));

function refuse(it: Loose): void {
  it.messages = [it.messages[0]!, { ...it.messages[1]!, ackError: '463' }];
}

function pending(): Row {
  const { settled: _, ...open } = row('', { receipts: [], open: 1 });
  return open;
}

function change(it: Loose, payload: Record<string, unknown>, index = 0): void {
  it.journal = it.journal.map((one, at) =>
    at === index ? { ...one, payload: { ...one.payload, ...payload } } : one,
  );
}

function copyEvent(it: Loose, payload: Record<string, unknown>): void {
  const [first] = it.journal;
  it.journal = [
    ...it.journal,
    { ...first!, seq: 3, id: 'evt_3', payload: { ...first!.payload, ...payload } },
  ];
}

function complain(it: Loose, line: string): void {
  it.processes = [{ ...it.processes[0]!, complaints: [line] }];
}

function again(it: Loose, id: string): void {
  const shownTwice = [...it.shown['17770001']!, shown(id, OURS, 'ho', OWN_PHONE)];
  it.shown = { ...it.shown, '17770001': shownTwice };
}

const post = (index: number, changes: object = {}) => ({
  ...whole().deliveries[index]!,
  ...changes,
});
const violation = (kind: 'message-key-reused' | 'prekey-used-twice') => ({
  ...{ kind, at: 1, id: 'OUT', device: OURS, detail: 'x 4 was used for IN' },
});
