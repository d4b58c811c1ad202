import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type AuthenticationCreds,
  type BinaryNode,
  BufferJSON,
  type GroupMetadata,
  proto,
  type WAMessage,
} from '@whiskeysockets/baileys';
import type { PhoneMessage } from '../../src/simulator/phone/messages.ts';
import { SentMessages } from '../../src/simulator/phone/sent.ts';
import { generateKeyPair } from '../../src/simulator/wire/crypto.ts';
import { bigEndian, children, node } from '../../src/simulator/wire/stanza.ts';
import { BareClient } from '../support/bare-client.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';
import { assertNoViolations, makeGroup } from './group-world.ts';

tameClients();

type Entry = { devices: Record<string, { deliveries: number; receipts: { type: string }[] }> };

test('a group text that a client cannot decrypt comes again from the client or phone that sent it', async t => {
  const server = await simulator(t);
  let group: GroupMetadata | undefined;
  const config = { cachedGroupMetadata: async () => group };
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 }, config);
  assert.ok(alice && bob && carol);
  group = await makeGroup(server, 'lid', [alice, bob, carol]);
  const first = await alice.sock.sendMessage(group.id, { text: 'one' });
  await until(() => bob.text(first?.key.id ?? '') === 'one' && carol.text(first?.key.id ?? '') === 'one');
  const { id: phones } = await server.post<{ id: string }>(`/admin/phones/${alice.phone}/send`, {
    to: group.id,
    text: 'two',
  });
  await until(() => bob.text(phones) === 'two');

  bob.dropSenderKeys();
  const again = await alice.sock.sendMessage(group.id, { text: 'three' });
  const id = again?.key.id ?? '';
  await until(() => bob.text(id) === 'three', { what: 'the client sends again' });
  const { id: phonesAgain } = await server.post<{ id: string }>(`/admin/phones/${alice.phone}/send`, {
    to: group.id,
    text: 'four',
  });
  await until(() => bob.text(phonesAgain) === 'four', { what: 'the phone sends again' });
  // Only to the one that asked.
  const { devices } = await server.get<Entry>(`/admin/ledger/messages/${phonesAgain}`);
  assert.equal(devices[carol.jid]?.deliveries, 1);
  assert.equal(devices[bob.jid]?.deliveries, 2);
  assert.equal(
    devices[bob.jid]?.receipts.some(one => one.type === 'retry'),
    true,
  );

  const later = await server.post<{ id: string }>(`/admin/phones/${alice.phone}/send`, {
    to: group.id,
    text: 'five',
  });
  await until(() => bob.text(later.id) === 'five');
  const { devices: after } = await server.get<Entry>(`/admin/ledger/messages/${later.id}`);
  assert.deepEqual(
    [after[bob.jid]?.deliveries, after[bob.jid]?.receipts.some(one => one.type === 'retry')],
    [1, false],
  );
  await assertNoViolations(server);
});

test('a phone that cannot decrypt asks, and the client sends again, to people and to groups', async t => {
  const server = await simulator(t);
  let group: GroupMetadata | undefined;
  const config = { cachedGroupMetadata: async () => group };
  const [alice, bob] = await linkedClients(t, server, { count: 2 }, config);
  assert.ok(alice && bob);
  group = await makeGroup(server, 'lid', [alice, bob]);
  const texts = async () =>
    (await server.get<PhoneMessage[]>(`/admin/phones/${bob.phone}/messages`)).map(one => one.text);
  const chats: string[] = [`${bob.phone}@s.whatsapp.net`, group.id];
  for (const [index, to] of chats.entries()) {
    await server.post(`/admin/phones/${bob.phone}/undecryptable`, { count: 1 });
    const sent: WAMessage | undefined = await alice.sock.sendMessage(to, { text: `text ${index}` });
    await until(async () => (await texts()).includes(`text ${index}`), { what: `${index} on the phone` });
    const entry: Entry = await server.get<Entry>(`/admin/ledger/messages/${sent?.key.id}`);
    assert.equal(entry.devices[`${bob.phone}@s.whatsapp.net`]?.receipts[0]?.type, 'retry');
  }
  // It sent again to everybody, and nobody shows anything twice.
  assert.deepEqual(await texts(), ['text 0', 'text 1']);
  await assertNoViolations(server);
});

test('a phone that loses the session with one device only asks that device', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const phone = '15550131';
  await server.post('/admin/phones', { phone });
  await server.put(`/admin/phones/${phone}/script`, { reply: 'yes' });
  const to = `${phone}@s.whatsapp.net`;
  const answered = (who: typeof alice, count: number) =>
    until(() => who.received.filter(one => one.message.message?.conversation === 'yes').length === count);
  for (const one of [alice, bob]) {
    await one.sock.sendMessage(to, { text: 'opens the session' });
    await answered(one, 1);
  }
  await server.post(`/admin/phones/${phone}/forget-sessions`, { with: alice.jid });
  const fromBob = await bob.sock.sendMessage(to, { text: 'from bob' });
  const fromAlice = await alice.sock.sendMessage(to, { text: 'from alice' });
  await Promise.all([answered(alice, 2), answered(bob, 2)]);
  const asked = async (id: string | null | undefined) =>
    (await server.get<Entry>(`/admin/ledger/messages/${id}`)).devices[to]?.receipts.some(
      one => one.type === 'retry',
    );
  assert.deepEqual([await asked(fromAlice?.key.id), await asked(fromBob?.key.id)], [true, false]);
  await assert.rejects(server.post(`/admin/phones/${phone}/forget-sessions`, { with: 'nobody' }), /404/);
});

test('a device that is linked after the keys of a group were given asks for them', async t => {
  const server = await simulator(t);
  let group: GroupMetadata | undefined;
  const lists = new OldLists();
  const config = { cachedGroupMetadata: async () => group };
  const [alice] = await linkedClients(t, server, { count: 1 }, { ...config, userDevicesCache: lists });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '88' }, config);
  assert.ok(alice && bob);
  group = await makeGroup(server, 'lid', [alice, bob]);
  const before = await alice.sock.sendMessage(group.id, { text: 'before' });
  await until(() => bob.text(before?.key.id ?? '') === 'before');
  lists.frozen = true;
  const [late] = await linkedClients(t, server, { count: 1, prefix: '88' }, config);
  assert.ok(late);
  const sent = await alice.sock.sendMessage(group.id, { text: 'to all' });
  const id = sent?.key.id ?? '';
  await until(() => late.text(id) === 'to all' && bob.text(id) === 'to all');
  const { devices } = await server.get<Entry>(`/admin/ledger/messages/${id}`);
  assert.equal(devices[late.jid]?.receipts[0]?.type, 'retry');
});

/** A client's device lists that stay as they are once frozen, whatever it is told. */
class OldLists {
  readonly #lists = new Map<string, unknown>();
  frozen = false;

  get<T>(key: string): T | undefined {
    return this.#lists.get(key) as T | undefined;
  }

  set<T>(key: string, value: T): void {
    if (!this.frozen) this.#lists.set(key, value);
  }

  del(key: string): void {
    if (!this.frozen) this.#lists.delete(key);
  }

  flushAll(): void {}
}

test('nobody asks more often than clients do', async t => {
  const server = await simulator(t);
  const [asker, sender] = ['15550132', '15550133'];
  for (const phone of [asker, sender]) await server.post('/admin/phones', { phone });
  await server.post(`/admin/phones/${asker}/undecryptable`, { count: 1_000 });
  const { id } = await server.post<{ id: string }>(`/admin/phones/${sender}/send`, {
    to: asker,
    text: 'never',
  });
  const receipts = async () =>
    (await server.get<Entry>(`/admin/ledger/messages/${id}`)).devices[
      `${asker}@s.whatsapp.net`
    ]?.receipts.map(one => one.type) ?? [];
  const all = Array.from({ length: 5 }, () => 'retry');
  await until(async () => (await receipts()).length === all.length, { what: 'five receipts' });
  // The fifth is answered too; what is read after that answer shows that no sixth follows.
  const delivered = async () =>
    (await server.get<Entry>(`/admin/ledger/messages/${id}`)).devices[`${asker}@s.whatsapp.net`]?.deliveries;
  await until(async () => (await delivered()) === 6);
  await server.get(`/admin/phones/${asker}/messages`);
  assert.deepEqual(await receipts(), all);
});

test('nobody gets a message again that was not for them, whoever knows its id', async t => {
  const server = await simulator(t);
  const [forBob, forMallory] = await server.control.linkedDevices(2);
  assert.ok(forBob && forMallory);
  const phone = '15550134';
  await server.control.createPhone({ phone });
  const connect = async (linked: typeof forBob) => {
    const seen: BinaryNode[] = [];
    const onStanza = (stanza: BinaryNode) => void seen.push(stanza);
    const self = new BareClient({ socketUrl: server.socketUrl, linked, onStanza });
    t.after(() => self.end());
    await self.open;
    return { self, texts: () => seen.filter(one => one.tag === 'message') };
  };
  const bob = await connect(forBob);
  const mallory = await connect(forMallory);
  const { id } = await server.control.send(phone, forBob.phone, 'for bob');
  await until(() => bob.texts().length === 1);
  const ask = (who: BareClient) =>
    who.send(
      node('receipt', { id, type: 'retry', to: `${phone}@s.whatsapp.net` }, [
        node('retry', { count: '1', id, t: '1700000000', v: '1' }),
        node('registration', {}, Buffer.of(0, 0, 1, 1)),
      ]),
    );
  ask(mallory.self);
  const ping = node('iq', { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' }, [node('ping', {})]);
  await mallory.self.query(ping);
  ask(bob.self);
  await until(() => bob.texts().length === 2);
  await mallory.self.query(ping);
  assert.deepEqual(mallory.texts(), []);
  assert.equal(children(bob.texts()[1], 'enc')[0]?.attrs.count, '1');
});

test('a phone sends again over a session from the keys in the receipt, unless they are not signed', async t => {
  const server = await simulator(t);
  const [linked] = await server.control.linkedDevices(1);
  assert.ok(linked);
  const phone = '15550135';
  await server.control.createPhone({ phone });
  const creds = JSON.parse(linked.credentials, BufferJSON.reviver) as AuthenticationCreds;
  const seen: BinaryNode[] = [];
  const onStanza = (stanza: BinaryNode) => void seen.push(stanza);
  const client = new BareClient({ socketUrl: server.socketUrl, linked, onStanza });
  t.after(() => client.end());
  await client.open;
  const { id } = await server.control.send(phone, linked.phone, 'a text');
  const copies = () => seen.filter(one => one.tag === 'message');
  await until(() => copies().length === 1);
  const oneTime = 0xab_cdef;
  const ask = (count: number, signature: Uint8Array) =>
    client.send(
      node('receipt', { id, type: 'retry', to: `${phone}@s.whatsapp.net` }, [
        node('retry', { count: String(count), id, t: '1700000000', v: '1' }),
        node('registration', {}, bigEndian(creds.registrationId, 4)),
        node('keys', {}, [
          node('type', {}, Buffer.of(5)),
          node('identity', {}, creds.signedIdentityKey.public),
          node('key', {}, [
            node('id', {}, bigEndian(oneTime, 3)),
            node('value', {}, generateKeyPair().public),
          ]),
          node('skey', {}, [
            node('id', {}, bigEndian(creds.signedPreKey.keyId, 3)),
            node('value', {}, creds.signedPreKey.keyPair.public),
            node('signature', {}, signature),
          ]),
        ]),
      ]),
    );
  const usedPreKey = async () => {
    const { devices } = await server.control.call('ledgerMessage', { params: { id } });
    return devices[linked.jid]?.keys.at(-1)?.preKey;
  };
  ask(2, creds.signedPreKey.signature);
  await until(() => copies().length === 2);
  assert.equal(children(copies()[1], 'enc')[0]?.attrs.type, 'pkmsg');
  assert.equal(await usedPreKey(), oneTime);
  ask(3, Buffer.alloc(64, 1));
  await until(() => copies().length === 3);
  const used = await usedPreKey();
  assert.ok(
    linked.preKeys.some(key => key.id === used),
    `pre-key ${used}`,
  );
  assert.equal((await server.control.ledger()).phoneErrors, 0);
});

test('what a phone sent is kept for retries by size and age, not by number', () => {
  const now = Date.now();
  const sent = new SentMessages();
  const text = (conversation: string) => ({ conversation });
  for (let index = 0; index < 6_000; index++) sent.add(`text ${index}`, 'a@lid', text(`flood ${index}`), now);
  const first = sent.get('text 0');
  assert.equal(first && proto.Message.decode(first.content).conversation, 'flood 0');
  for (let index = 0; index < 20; index++)
    sent.add(`large ${index}`, 'a@lid', text('x'.repeat(1_000_000)), now);
  assert.equal(sent.get('text 0'), undefined);
  assert.equal(sent.get('large 0'), undefined);
  assert.ok(sent.get('large 19'));
  const dayOld = { to: 'a@lid', content: Buffer.of(), at: now - 25 * 60 * 60_000 };
  const fresh = new SentMessages();
  fresh.restore('old', dayOld);
  fresh.add('new', 'a@lid', text('new'), now);
  assert.deepEqual([fresh.get('old'), fresh.get('new')?.to], [undefined, 'a@lid']);
});
