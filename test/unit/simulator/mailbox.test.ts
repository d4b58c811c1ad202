// A connection may end inside any send: by a fault, because the client does not read, because a stanza cannot be written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mailbox } from '../../../src/simulator/delivery/mailbox.ts';
import { type BinaryNode, node } from '../../../src/simulator/wire/stanza.ts';

const message = (id: number) => node('message', { id: String(id) });
const ids = (stanzas: readonly BinaryNode[]) =>
  stanzas.filter(({ tag }) => tag === 'message').map(({ attrs }) => Number(attrs.id));
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

/** Hears everything up to its `last` stanza, and is gone with that one. */
function line(mailbox: Mailbox, last = Number.POSITIVE_INFINITY) {
  const heard: BinaryNode[] = [];
  const send = (stanza: BinaryNode) => {
    heard.push(stanza);
    if (heard.length === last) mailbox.detach();
  };
  return { heard, send };
}

test('wherever a connection ends, the next login gets everything unconfirmed, once and in order', () => {
  for (let last = 1; last <= 15; last++) {
    const mailbox = new Mailbox();
    for (const id of upTo(8)) mailbox.push(message(id));
    const first = line(mailbox, last);
    mailbox.attach(first);
    mailbox.activate(() => {});
    mailbox.push(message(9)); // in the middle of the drain, or while the device is away
    mailbox.batchRequested();
    mailbox.push(message(10));

    const second = line(mailbox);
    let drained = 0;
    mailbox.attach(second);
    mailbox.activate(() => drained++);
    mailbox.batchRequested();
    mailbox.push(message(11));
    assert.deepEqual(ids(second.heard), upTo(11), `the connection ended with its stanza ${last}`);
    assert.equal(drained, 1);
    assert.ok(mailbox.live);
    mailbox.detach();
  }
});

test('what was confirmed before a connection ended does not come again', () => {
  const mailbox = new Mailbox();
  for (const id of upTo(4)) mailbox.push(message(id));
  mailbox.attach(line(mailbox));
  mailbox.activate(() => {});
  for (const id of [1, 3]) assert.ok(mailbox.confirm('message', String(id)));
  assert.equal(mailbox.confirm('message', '1'), false);
  const second = line(mailbox);
  mailbox.attach(second);
  mailbox.activate(() => {});
  assert.deepEqual(ids(second.heard), [2, 4]);
  mailbox.detach();
});

test('what is not sent again to a client that confirms nothing is counted as dropped', () => {
  const mailbox = new Mailbox();
  mailbox.attach(line(mailbox));
  mailbox.activate(() => {});
  for (const id of upTo(20_003)) mailbox.push(message(id));
  assert.deepEqual([mailbox.pending, mailbox.dropped], [20_000, 3]);
  mailbox.detach();
});

test('an ack with an error confirms no copy that was sent again after a retry receipt, once per retry', () => {
  const mailbox = new Mailbox();
  mailbox.attach(line(mailbox));
  mailbox.activate(() => {});
  mailbox.push(message(1));
  assert.ok(mailbox.askAgain('1'));
  mailbox.push(message(1));
  assert.deepEqual([mailbox.gaveUpBefore('1'), mailbox.gaveUpBefore('1')], [true, false]);
  assert.equal(mailbox.pending, 1);
  mailbox.askAgain('1');
  mailbox.attach(line(mailbox));
  assert.equal(mailbox.gaveUpBefore('1'), false, 'another connection');
  mailbox.detach();
});
