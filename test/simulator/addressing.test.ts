import assert from 'node:assert/strict';
import test from 'node:test';
import { type BinaryNode, proto, type WAMessage } from '@whiskeysockets/baileys';
import type { PhoneMessage } from '../../src/simulator/phone/messages.ts';
import { bytes, child } from '../../src/simulator/wire/stanza.ts';
import { until } from '../support/until.ts';
import { type Client, linkedClients, paired, simulator, tameClients } from './client.ts';
import { assertNoViolations } from './group-world.ts';
import { bare } from './jids.ts';

tameClients();

const stanzaOf = (client: Client, tag: string, id: string): BinaryNode | undefined =>
  client.stanzas.find(one => one.tag === tag && one.attrs.id === id);

for (const mode of ['lid', 'pn'] as const) {
  test(`with ${mode} delivery a text arrives in that form, however it was addressed, and both sides chat on`, async t => {
    const server = await simulator(t, { addressing: mode });
    const [alice] = await linkedClients(t, server, { count: 1 });
    const [twin] = await linkedClients(t, server, { count: 1, prefix: '63' });
    const [bob] = await linkedClients(t, server, { count: 1, prefix: '63' });
    assert.ok(alice && bob && twin);
    const form = ({ jid, lid }: { jid: string; lid: string }) => (mode === 'lid' ? lid : jid);
    const other = ({ jid, lid }: { jid: string; lid: string }) => (mode === 'lid' ? jid : lid);

    // Addressed in the other form.
    const sent = await alice.sock.sendMessage(bare(other(bob)), { text: 'hello' });
    const id = sent?.key.id ?? '';
    await until(() => bob.text(id) === 'hello' && twin.text(id) === 'hello');
    const { attrs } = stanzaOf(bob, 'message', id) ?? { attrs: {} as Record<string, string> };
    assert.equal(attrs.from, form(alice));
    assert.equal(attrs[mode === 'lid' ? 'sender_pn' : 'sender_lid'], bare(other(alice)));
    assert.equal(attrs.addressing_mode, mode);
    // Receipts come back in the form in which it was sent.
    const receipt = await until(() => stanzaOf(alice, 'receipt', id));
    assert.equal(receipt.attrs.from?.endsWith(mode === 'lid' ? '@s.whatsapp.net' : '@lid'), true);
    await until(() => (alice.statuses.get(id) ?? 0) >= 3, { what: 'delivered' });
    const key = bob.received.find(one => one.message.key.id === id)?.message.key;
    assert.ok(key);
    await bob.sock.readMessages([key]);
    await until(() => alice.statuses.get(id) === 4, { what: 'read' });

    // The answer, to the chat as bob knows it; his other device gets a copy of it in the same form.
    assert.equal(key.remoteJid, bare(form(alice)));
    const answer = await bob.sock.sendMessage(key.remoteJid ?? '', { text: 'hello back' });
    const answerId = answer?.key.id ?? '';
    await until(() => alice.text(answerId) === 'hello back' && twin.text(answerId) === 'hello back');
    const copy = stanzaOf(twin, 'message', answerId)?.attrs ?? {};
    assert.deepEqual(
      [copy.from, copy.recipient, copy[mode === 'lid' ? 'peer_recipient_pn' : 'peer_recipient_lid']],
      [form(bob), bare(form(alice)), bare(other(alice))],
    );
    await until(() => (bob.statuses.get(answerId) ?? 0) >= 3, { what: 'the answer was delivered' });
    for (const { phone } of [alice, bob]) {
      const seen = await server.get<PhoneMessage[]>(`/admin/phones/${phone}/messages`);
      assert.deepEqual(
        seen.map(one => one.text),
        ['hello', 'hello back'],
      );
    }
    const { retries, duplicates } = await server.get<Record<string, number>>('/admin/ledger');
    assert.deepEqual([retries, duplicates], [0, 0]);
    await assertNoViolations(server);
  });

  test(`with ${mode} delivery a text that cannot be decrypted comes again`, async t => {
    const server = await simulator(t);
    await server.control.call('setAddressing', { body: { mode } });
    const [alice, bob] = await linkedClients(t, server, { count: 2 });
    assert.ok(alice && bob);
    const to = mode === 'lid' ? `${bob.phone}@s.whatsapp.net` : bare(bob.lid);
    const first = await alice.sock.sendMessage(to, { text: 'one' });
    await until(() => bob.text(first?.key.id ?? '') === 'one');
    bob.dropSessions();
    const second = await alice.sock.sendMessage(to, { text: 'two' });
    await until(() => bob.text(second?.key.id ?? '') === 'two', { what: 'the client sends again' });
    const phones = await server.control.send(alice.phone, bob.phone, 'three');
    await until(() => bob.text(phones.id) === 'three');
    bob.dropSessions();
    const again = await server.control.send(alice.phone, bob.phone, 'four');
    await until(() => bob.text(again.id) === 'four', { what: 'the phone sends again' });
    await assertNoViolations(server);
  });
}

test('the form of delivery can be changed while clients chat', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  for (const mode of ['as-sent', 'lid', 'pn', 'lid'] as const) {
    await server.control.call('setAddressing', { body: { mode } });
    const to = `${bob.phone}@s.whatsapp.net`;
    const sent: WAMessage | undefined = await alice.sock.sendMessage(to, { text: mode });
    const id: string = sent?.key.id ?? '';
    await until(() => bob.text(id) === mode);
    assert.equal(stanzaOf(bob, 'message', id)?.attrs.from, mode === 'lid' ? alice.lid : alice.jid);
    await until(() => (alice.statuses.get(id) ?? 0) >= 3, { what: `delivered, ${mode}` });
    const typed = (): BinaryNode[] => bob.stanzas.filter(one => one.tag === 'chatstate');
    const before = typed().length;
    await alice.sock.sendPresenceUpdate('composing', to);
    await until(() => typed().length > before);
    assert.equal(typed().at(-1)?.attrs.from, bare(mode === 'lid' ? alice.lid : alice.jid));
  }
  await assert.rejects(server.put('/admin/addressing', { mode: 'hosted' }), { status: 400 });
  assert.equal((await server.control.call('delivery')).addressing, 'lid');
});

test('with lid delivery a client hears its own phone under its LID, and gets keys and history so', async t => {
  const server = await simulator(t, { addressing: 'lid' });
  const self = await paired(t, server, '15550186');
  const fromPhone = () => self.stanzas.filter(one => one.tag === 'message' && one.attrs.category === 'peer');
  await until(() => fromPhone().length >= 3, { what: 'keys and history' });
  assert.deepEqual([...new Set(fromPhone().map(one => one.attrs.from))], [bare(self.creds.me?.lid ?? '')]);
  await until(() => self.creds.myAppStateKeyId, { what: 'a key for app state' });
  // What other clients go by when they choose the form in which they write.
  const success = self.stanzas.map(one => child(one, 'pair-success')).find(one => one !== undefined);
  const props = bytes(child(success, 'client-props')) ?? assert.fail('no client-props');
  assert.equal(proto.ClientPairingProps.decode(props).isChatDbLidMigrated, true);
  await assertNoViolations(server);
});
