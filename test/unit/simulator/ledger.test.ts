// Every kind of violation, and what looks like it and is none.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Clock } from '../../../src/simulator/clock.ts';
import { Events } from '../../../src/simulator/events.ts';
import { Ledger } from '../../../src/simulator/ledger/ledger.ts';
import { node } from '../../../src/simulator/wire/stanza.ts';

const A = '1555001:1@s.whatsapp.net';
const B = '1555002:1@s.whatsapp.net';

function ledger() {
  const clock = new Clock();
  const made = new Ledger(new Events(() => clock.now()), clock);
  const stanza = (id: string, ciphertext: Uint8Array, type = 'msg') =>
    node('message', { id }, [node('enc', { v: '2', type }, ciphertext)]);
  return {
    made,
    stanza,
    /** Sent by A, acknowledged, in B's queue; not handed. */
    queue: (id: string, ciphertext = signal(id, counter++), type = 'msg') => {
      const one = stanza(id, ciphertext, type);
      made.sent(id, A, '1555002@s.whatsapp.net');
      made.acked(id);
      made.addressed(one, B);
      made.delivered(id, B);
      return one;
    },
    kinds: (live = false) =>
      made.violations(() => live).map(({ kind, id, device }) => `${kind} ${id} ${device}`),
  };
}

let counter = 0;

/** As SignalMessage goes over the wire: version, ratchet key, counter, ciphertext, 8 bytes of MAC. */
function signal(text: string, at: number, chain = 'chain'): Buffer {
  const key = Buffer.concat([Buffer.of(5), Buffer.alloc(32, chain)]);
  const body = Buffer.from(text.padEnd(16));
  const fields = [
    Buffer.of(0x33, 0x0a, 33),
    key,
    Buffer.of(0x10, at & 0x7f),
    Buffer.of(0x22, body.length),
    body,
  ];
  return Buffer.concat([...fields, Buffer.from(text.padEnd(8).slice(0, 8))]);
}

/** PreKeySignalMessage with a one-time prekey. */
function preKeySignal(inner: Buffer, preKey: number, base: string): Buffer {
  const baseKey = Buffer.concat([Buffer.of(5), Buffer.alloc(32, base)]);
  const head = Buffer.concat([Buffer.of(0x33, 0x08, preKey, 0x12, 33), baseKey]);
  return Buffer.concat([head, Buffer.of(0x22, inner.length), inner]);
}

test('a message key for two ciphertexts is a violation of the client; the same bytes again are not', () => {
  const { made, queue, kinds } = ledger();
  queue('ONE', signal('first', 7));
  queue('ONE', signal('first', 7));
  queue('TWO', signal('first', 8));
  queue('THREE', signal('first', 7, 'another chain'));
  assert.deepEqual(kinds(), []);
  assert.equal(made.totals.resent, 1);
  queue('FOUR', signal('second', 7));
  assert.deepEqual(kinds(), [`message-key-reused FOUR ${A}`]);
  assert.equal(made.totals.duplicates, 1);
});

test('a sender key belongs to its sender, and one message for many devices uses it once', () => {
  const { made, stanza, kinds } = ledger();
  const sealed = (text: string) =>
    Buffer.concat([
      Buffer.of(0x33, 0x08, 9, 0x10, 3, 0x1a, 16),
      Buffer.from(text.padEnd(16)),
      Buffer.alloc(64, text),
    ]);
  const send = (id: string, from: string, ciphertext: Buffer, to: string[]) => {
    made.sent(id, from, 'group@g.us');
    for (const device of to) made.addressed(stanza(id, ciphertext, 'skmsg'), device);
  };
  send('ONE', A, sealed('first'), [B, '1555003:1@s.whatsapp.net']);
  send('TWO', B, sealed('other'), [A]);
  assert.deepEqual(kinds(), []);
  send('THREE', A, sealed('second'), [B]);
  assert.deepEqual(kinds(), [`message-key-reused THREE ${A}`]);
});

test('a one-time prekey is handed out once and starts one session, however many messages that session sends', () => {
  const { made, queue, kinds } = ledger();
  made.preKeyHanded(B, 5);
  queue('ONE', preKeySignal(signal('a', 0), 5, 'base'), 'pkmsg');
  queue('TWO', preKeySignal(signal('b', 1), 5, 'base'), 'pkmsg');
  made.preKeyHanded(A, 5);
  assert.deepEqual(kinds(), []);
  made.preKeyHanded(B, 5);
  queue('THREE', preKeySignal(signal('c', 0, 'other'), 5, 'other base'), 'pkmsg');
  assert.deepEqual(kinds(), [`prekey-handed-twice 5 ${B}`, `prekey-used-twice THREE ${B}`]);
  assert.equal(made.device(B)?.preKeysUsed, 2);
});

test('an id of a one-time prekey names one key for ever; the same key may be uploaded again', () => {
  const { made, kinds } = ledger();
  const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  for (const device of [A, B]) made.preKeyUploaded(device, 5, key);
  made.preKeyUploaded(B, 5, Buffer.from(key));
  made.preKeyUploaded(B, 6, other);
  assert.deepEqual(kinds(), []);
  made.preKeyUploaded(B, 5, other);
  assert.deepEqual(kinds(), [`prekey-id-reused 5 ${B}`]);
});

test('what was acknowledged must be in the queue or be handed; what was refused or not acknowledged need not', () => {
  const { made, stanza, kinds } = ledger();
  for (const id of ['UNACKED', 'REFUSED', 'LOST']) {
    made.sent(id, A, 'somebody');
    made.addressed(stanza(id, signal(id, counter++)), B);
  }
  made.acked('REFUSED', '463');
  assert.deepEqual(kinds(), []);
  made.acked('LOST');
  assert.deepEqual(kinds(), [`acked-but-lost LOST ${B}`]);
});

test('what waits for a device that is live was forgotten; for one that is away it waits', () => {
  const { made, queue, kinds } = ledger();
  const one = queue('ONE');
  assert.deepEqual(kinds(false), []);
  assert.deepEqual(kinds(true), [`not-handed ONE ${B}`]);
  made.handed(one, B);
  assert.deepEqual(kinds(true), []);
  assert.deepEqual(
    made.pending().map(({ id, waitsFor }) => [id, waitsFor]),
    [['ONE', 'receipt']],
  );
});

test('after its receipt a message does not come again; before it, and as a new copy, it may', () => {
  const { made, stanza, queue, kinds } = ledger();
  const one = queue('ONE');
  made.handed(one, B);
  made.handed(one, B); // a lost connection
  made.receipt('ONE', B, 'retry');
  assert.deepEqual(
    made.pending().map(({ waitsFor }) => waitsFor),
    ['resend'],
  );
  const copy = stanza('ONE', signal('again', counter++));
  made.addressed(copy, B);
  made.delivered('ONE', B);
  made.handed(copy, B);
  assert.deepEqual(kinds(), []);
  made.receipt('ONE', B, 'delivered');
  assert.deepEqual(made.pending(), []);
  made.handed(copy, B);
  assert.deepEqual(kinds(), [`delivered-after-receipt ONE ${B}`]);
});

test('two copies want two receipts: the open one may come again', () => {
  const { made, stanza, queue, kinds } = ledger();
  made.handed(queue('ONE'), B);
  const copy = stanza('ONE', signal('again', counter++));
  made.addressed(copy, B);
  made.delivered('ONE', B);
  made.handed(copy, B);
  made.receipt('ONE', B, 'delivered');
  made.handed(copy, B);
  assert.deepEqual(kinds(), []);
});

test('a receipt is for what was handed; read receipts may name older messages', () => {
  const { made, queue, kinds } = ledger();
  queue('QUEUED');
  made.receipt('UNKNOWN', B, 'read');
  assert.deepEqual(kinds(), []);
  made.receipt('QUEUED', B, 'delivered');
  made.receipt('UNKNOWN', B, 'inactive');
  assert.deepEqual(kinds(), [
    `receipt-without-delivery QUEUED ${B}`,
    `receipt-without-delivery UNKNOWN ${B}`,
  ]);
  made.clear();
  made.receipt('UNKNOWN', B, 'delivered');
  assert.deepEqual(kinds(), [], 'a ledger that forgot does not accuse');
});

test('copies are handed in the order in which they were taken; redeliveries have none', () => {
  const { made, queue, kinds } = ledger();
  const one = queue('ONE');
  const two = queue('TWO');
  const three = queue('THREE');
  made.handed(one, B);
  made.handed(three, B);
  made.handed(one, B);
  assert.deepEqual(kinds(), []);
  made.handed(two, B);
  assert.deepEqual(kinds(), [`order-inverted TWO ${B}`]);
});

test('the oldest messages are forgotten first, and the newest is kept whatever its size', () => {
  const { made } = ledger();
  for (let index = 0; index < 100_010; index++) made.sent(`M${index}`, A, 'somebody');
  assert.equal(made.message('M9'), undefined);
  assert.equal(made.message('M10')?.seq, 11);
  const [first] = made.messages({ limit: 1 });
  assert.equal(first?.id, 'M10');
  const stanza = node('message', { id: 'M100009' }, []);
  for (let device = 0; device < 500_100; device++) made.addressed(stanza, `${device}`);
  assert.equal(made.messages({ limit: 10 }).length, 1);
  assert.equal(Object.keys(made.message('M100009')?.devices ?? {}).length, 500_100);
});
