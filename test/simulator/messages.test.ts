import assert from 'node:assert/strict';
import test from 'node:test';
import type { PhoneMessage } from '../../src/simulator/phone.ts';
import { until } from '../support/until.ts';
import { linkedClients, paired, silenceLibsignal, simulator } from './client.ts';

silenceLibsignal();

test('a client that is linked by QR logs in and exchanges texts with its contacts', async t => {
  const server = await simulator(t);
  await server.post('/admin/phones', { phone: '15550009', name: 'Carla' });
  const alice = await paired(t, server, '15550001');
  assert.match(alice.creds.me?.id ?? '', /^15550001:1@s\.whatsapp\.net$/);

  const sent = await alice.sock.sendMessage('15550009@s.whatsapp.net', { text: 'hello phone' });
  const seen = await until(async () => {
    const messages = await server.get<PhoneMessage[]>('/admin/phones/15550009/messages');
    return messages.find(one => one.id === sent?.key.id);
  });
  assert.equal(seen.text, 'hello phone');
  assert.equal(seen.chat, '15550001@s.whatsapp.net');
  await until(() => (alice.statuses.get(sent?.key.id ?? '') ?? 0) >= 3, { what: 'delivered' });

  const { id } = await server.post<{ id: string }>('/admin/phones/15550009/send', {
    to: '15550001',
    text: 'hello you',
  });
  await until(() => alice.text(id) === 'hello you', { what: 'text from the phone' });
});

test('two ready-linked clients exchange texts, and both phones read along', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const first = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'one' });
  await until(() => bob.text(first?.key.id ?? '') === 'one');
  const second = await bob.sock.sendMessage(`${alice.phone}@s.whatsapp.net`, { text: 'two' });
  await until(() => alice.text(second?.key.id ?? '') === 'two');
  for (const phone of [alice.phone, bob.phone]) {
    const texts = (await server.get<PhoneMessage[]>(`/admin/phones/${phone}/messages`)).map(one => one.text);
    assert.deepEqual(texts, ['one', 'two']);
  }
  const ledger = await server.get<{ duplicates: number; undecryptable: number }>('/admin/ledger');
  assert.deepEqual([ledger.duplicates, ledger.undecryptable], [0, 0]);
});
