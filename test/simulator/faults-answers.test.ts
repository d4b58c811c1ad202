import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import test from 'node:test';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const ping = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } };

test('a request that is not answered costs its client the timeout and nobody else anything', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.control.arm('iq.silent', { who: { device: alice.jid }, filter: { xmlns: 'w:p' } });
  await assert.rejects(alice.sock.query(ping, 300), /Timed Out/i);
  await bob.sock.query(ping);
  await alice.sock.fetchPrivacySettings(true);
  await server.control.disarm('iq.silent');
  await alice.sock.query(ping);
});

test('requests fail with the code, the text and the backoff that were asked for, and are not done', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const answers: BinaryNode[] = [];
  alice.sock.ws.on('CB:iq,type:error', (answer: BinaryNode) => answers.push(answer));
  const error = () => (answers.pop()?.content as BinaryNode[] | undefined)?.[0]?.attrs;
  const once = { once: true } as const;
  await server.control.arm('iq.error', { when: once, params: { code: 503, text: 'service-unavailable' } });
  await assert.rejects(alice.sock.query(ping), /service-unavailable/);
  assert.deepEqual(error(), { code: '503', text: 'service-unavailable' });
  await server.control.arm('iq.rate-overlimit', { when: once, params: { backoff: 30 } });
  await assert.rejects(alice.sock.query(ping), /rate-overlimit/);
  assert.deepEqual(error(), { code: '429', text: 'rate-overlimit', backoff: '30' });
  await server.control.arm('iq.rate-overlimit', { filter: { xmlns: 'blocklist', type: 'set' } });
  const stranger = (await server.control.createPhone()).lid;
  const item = { tag: 'item', attrs: { action: 'block', jid: stranger } };
  const block = { tag: 'iq', attrs: { ...ping.attrs, type: 'set', xmlns: 'blocklist' }, content: [item] };
  await assert.rejects(alice.sock.query(block), /rate-overlimit/);
  assert.deepEqual(error(), { code: '429', text: 'rate-overlimit' });
  assert.deepEqual(await alice.sock.fetchBlocklist(), []);
});

test('an answer that is late is overtaken by those that are not', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.control.arm('iq.late', { when: { once: true }, params: { ms: 200 } });
  const order: string[] = [];
  await Promise.all([
    alice.sock.query({ ...ping, attrs: { ...ping.attrs, id: 'a' } }).then(() => order.push('first')),
    alice.sock.query({ ...ping, attrs: { ...ping.attrs, id: 'b' } }).then(() => order.push('second')),
  ]);
  assert.deepEqual(order, ['second', 'first']);
});

test('an ack that is withheld, late or an error: the message arrives, arrives, does not', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const acks = new Map<string, string>();
  alice.sock.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) =>
    acks.set(attrs.id ?? '', attrs.error ?? 'ok'),
  );
  const say = async (text: string) => {
    const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text });
    return sent?.key.id ?? '';
  };
  await server.control.arm('ack.withhold', { when: { once: true } });
  const withheld = await say('withheld');
  await until(() => bob.text(withheld) === 'withheld');
  await server.control.arm('ack.late', { when: { once: true }, params: { ms: 100 } });
  const late = await say('late');
  await until(() => acks.get(late) === 'ok', { what: 'the late ack' });
  await server.control.arm('ack.error', { when: { once: true }, params: { code: 479 } });
  const refused = await say('refused');
  await until(() => acks.get(refused) === '479' && alice.statuses.get(refused) === 0, {
    what: 'status ERROR',
  });
  const fine = await say('fine');
  await until(() => bob.text(fine) === 'fine');
  assert.equal(acks.get(withheld), undefined);
  assert.equal(bob.text(refused), undefined);
  const entry = await server.control.call('ledgerMessage', { params: { id: refused } });
  assert.deepEqual([entry.ackError, entry.devices], ['479', {}]);
  const log = await server.control.call('ledgerDevice', { params: { jid: alice.jid } });
  assert.deepEqual([log.sent, log.acks, log.refusals], [4, 3, 1]);
});

test('a rate limit takes so many messages of each device in a window and refuses the others', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.control.arm('message.rate-limit', { params: { messages: 2, windowMs: 3_600_000 } });
  const errors: (string | undefined)[] = [];
  alice.sock.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => errors.push(attrs.error));
  for (const text of ['1', '2', '3', '4'])
    await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text });
  await until(() => errors.length === 4);
  assert.deepEqual(errors, [undefined, undefined, '429', '429']);
  const sent = await bob.sock.sendMessage(`${alice.phone}@s.whatsapp.net`, { text: 'mine counts apart' });
  await until(() => alice.text(sent?.key.id ?? '') === 'mine counts apart');
});

test('a lost message is acknowledged, reaches nobody, and is a violation in the ledger', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.control.arm('message.lost', { when: { once: true }, who: { device: bob.jid } });
  const acked = new Set<string>();
  alice.sock.ws.on('CB:ack,class:message', ({ attrs }: BinaryNode) => acked.add(attrs.id ?? ''));
  const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'lost' });
  const id = sent?.key.id ?? '';
  await until(() => acked.has(id));
  const { total, violations } = await server.control.violations();
  assert.equal(total, 1);
  assert.deepEqual(
    violations.map(({ kind, id: which, device }) => [kind, which, device]),
    [['acked-but-lost', id, bob.jid]],
  );
});

test('a dropped receipt is acknowledged, and the sender never hears that its message arrived', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.control.arm('receipt.drop', { who: { device: bob.jid } });
  const say = (text: string) => alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text });
  const unheard = (await say('unheard'))?.key.id ?? '';
  const entry = () => server.control.call('ledgerMessage', { params: { id: unheard } });
  await until(async () => (await entry()).devices[bob.jid]?.settled === 'delivered', { what: 'the receipt' });
  const receipts: string[] = [];
  alice.sock.ws.on('CB:receipt', ({ attrs }: BinaryNode) =>
    receipts.push(`${attrs.id} ${attrs.from?.includes(bob.phone)}`),
  );
  await server.control.disarm();
  const heard = (await say('heard'))?.key.id ?? '';
  await until(() => receipts.includes(`${heard} true`), { what: 'the receipt of the second' });
  assert.ok(!receipts.includes(`${unheard} true`));
});

test('with its prekeys exhausted a device is still reached, and uploads more at its next login', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2, preKeys: 20 });
  assert.ok(alice && bob);
  await server.control.arm('prekeys.exhausted', { who: { device: bob.jid } });
  const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, {
    text: 'without a one-time key',
  });
  const id = sent?.key.id ?? '';
  await until(() => bob.text(id) === 'without a one-time key');
  const entry = await server.control.call('ledgerMessage', { params: { id } });
  const [use] = entry.devices[bob.jid]?.keys ?? [];
  assert.equal(use?.type, 'pkmsg');
  assert.equal(use?.preKey, undefined);
  const log = await server.control.call('ledgerDevice', { params: { jid: bob.jid } });
  assert.equal(log.preKeysHanded, 0);
  const before = bob.creds.nextPreKeyId;
  bob.sock.end(undefined);
  bob.connect();
  await until(() => bob.creds.nextPreKeyId > before, { what: 'an upload' });
});
