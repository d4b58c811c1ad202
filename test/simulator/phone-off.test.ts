import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../support/until.ts';
import { type Client, client, linkedClients, paired, simulator, tameClients } from './client.ts';
import { assertNoViolations } from './group-world.ts';

tameClients();

test('what is sent to people whose phone is off is delivered by their clients alone, and to the phone later', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await server.control.call('power', { params: { phone: bob.phone }, body: { on: false } });
  bob.sock.end(undefined);
  await until(async () => (await server.control.devices()).some(one => !one.connected));
  const sent = await alice.sock.sendMessage(`${bob.phone}@s.whatsapp.net`, { text: 'anybody there' });
  const id = sent?.key.id ?? '';
  // Her own phone has it: everything that anybody would say at once has been said.
  await until(async () => (await server.control.messages(alice.phone)).some(one => one.id === id));
  const receipts = () =>
    alice.stanzas.filter(one => one.tag === 'receipt' && one.attrs.id === id && one.attrs.type !== 'sender');
  assert.deepEqual(receipts(), []);
  bob.connect();
  await until(() => bob.text(id) === 'anybody there');
  // Inactive: it is not online yet when it takes what waited.
  await until(() => receipts().length > 0, { what: 'a receipt of the client' });
  assert.deepEqual(
    receipts().map(one => one.attrs.from),
    [bob.jid],
  );
  assert.deepEqual(await server.control.messages(bob.phone), []);
  await assert.rejects(server.control.send(bob.phone, alice.phone, 'from an empty battery'), { status: 409 });

  await server.control.call('power', { params: { phone: bob.phone }, body: { on: true } });
  await until(() => receipts().some(one => one.attrs.from === `${bob.phone}@s.whatsapp.net`));
  assert.deepEqual(
    (await server.control.messages(bob.phone)).map(one => one.text),
    ['anybody there'],
  );
  await assertNoViolations(server);
});

test('a client that is linked to a phone that goes off at once gets its history when the phone is back', async t => {
  const server = await simulator(t);
  const phone = '15550171';
  await server.control.createPhone({ phone });
  const self = client(t, server.socketUrl);
  self.connect();
  const qr = await until(() => self.qrs[0]);
  await server.control.scan(qr, phone);
  await server.control.call('power', { params: { phone }, body: { on: false } });
  await until(() => self.opens === 1, { what: 'open after pairing' });
  const fromPhone = () =>
    self.stanzas.filter(one => one.tag === 'message' && one.attrs.category === 'peer').length;
  // It is live before it is given anything.
  await self.sock.fetchPrivacySettings(true);
  assert.equal(fromPhone(), 0);
  await server.control.call('power', { params: { phone }, body: { on: true } });
  await until(() => fromPhone() >= 3, { what: 'keys and history' });
});

test('phones that are to be off confirm nothing once they have linked a client, and are on to link another', async t => {
  const server = await simulator(t, { phones: 'off' });
  const alice = await paired(t, server, '15550172');
  const bob = await paired(t, server, '15550173');
  const told = (one: Client) =>
    one.stanzas.filter(({ tag, attrs }) => tag === 'message' && attrs.category === 'peer').length;
  /** A phone that is on can be made to write. */
  const isOff = (phone: string) =>
    server.control.send(phone, '15550176', 'am I on').then(
      () => false,
      (error: { status?: number }) => error.status === 409,
    );
  await server.control.createPhone({ phone: '15550176' });
  await until(async () => (await isOff('15550172')) && (await isOff('15550173')), { what: 'both off' });
  assert.ok(told(alice) >= 3 && told(bob) >= 3, 'keys and history came before');
  const sent = await alice.sock.sendMessage('15550173@s.whatsapp.net', { text: 'only you' });
  const id = sent?.key.id ?? '';
  await until(() => bob.text(id) === 'only you' && alice.statuses.get(id) === 3, { what: 'delivered' });
  const from = alice.stanzas.filter(one => one.tag === 'receipt' && one.attrs.id === id);
  assert.deepEqual(
    from.map(one => one.attrs.from),
    [bob.creds.me?.id],
  );

  const twin = await paired(t, server, '15550173');
  await until(() => told(twin) >= 3, { what: 'keys and history for another' });
  await until(() => isOff('15550173'), { what: 'off again' });
  // A contact without companions stays on, and so do phones from now on where that is wanted.
  await server.control.createPhone({ phone: '15550174' });
  assert.ok((await server.control.send('15550174', '15550172', 'a contact')).id);
  await server.control.call('setDelivery', { body: { phones: 'on' } });
  const carol = await paired(t, server, '15550175');
  await until(() => told(carol) >= 3);
  assert.ok((await server.control.send('15550175', '15550172', 'still on')).id);
});
