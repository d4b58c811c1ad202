// What clients ask in passing, and what no table has: everything is answered, because silence costs Baileys 60 s.
import assert from 'node:assert/strict';
import test from 'node:test';
import { children, node, SERVER } from '../../src/simulator/wire/stanza.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const iq = (type: string, xmlns: string, child: string) =>
  node('iq', { to: SERVER, type, xmlns }, [node(child, {})]);

test('a request that nobody knows gets an empty result, and is counted by its name', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  for (const child of ['future', 'future', 'past']) {
    const answer = await alice.sock.query(iq('get', 'w:tomorrow', child));
    assert.deepEqual([answer.attrs.type, children(answer)], ['result', []]);
  }
  const { iqUnknown, unknownIqs } = await server.control.ledger();
  assert.deepEqual(unknownIqs, { 'w:tomorrow/get/future': 2, 'w:tomorrow/get/past': 1 });
  assert.equal(iqUnknown, 3);
});

test('bots, statistics, pings and the terms of channels are answered, and nothing of a login is unknown', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  assert.equal((await alice.sock.getBotListV2()).length, 1);
  for (const [type, xmlns, child] of [
    ['set', 'w:stats', 'add'],
    ['get', 'w:p', 'ping'],
    ['set', 'tos', 'notice'],
  ] as const)
    assert.equal((await alice.sock.query(iq(type, xmlns, child))).attrs.type, 'result', xmlns);
  const { unknownIqs } = await server.control.ledger();
  assert.deepEqual(unknownIqs, {});
});

test('a message that a client refuses in its ack is a nack in the ledger, and comes again only as a resend', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { phone } = await server.control.createPhone();
  await server.control.arm('delivery.undecryptable', { when: { once: true }, who: { device: alice.jid } });
  const { id } = await server.control.send(phone, alice.phone, 'readable in the end');
  await until(() => alice.text(id) === 'readable in the end');
  const log = () => server.control.call('ledgerDevice', { params: { jid: alice.jid } });
  const { nacks, retries } = await until(
    async () => {
      const seen = await log();
      return seen.nacks > 0 ? seen : undefined;
    },
    { what: 'the nack' },
  );
  assert.deepEqual([nacks, retries], [1, 1]);
  const { deliveries } =
    (await server.control.call('ledgerMessage', { params: { id } })).devices[alice.jid] ?? {};
  assert.equal(deliveries, 2);
  const { total } = await server.control.call('ledgerViolations', {});
  assert.equal(total, 0);
});
