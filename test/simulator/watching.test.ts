// Watching and waiting: the event stream, the long poll and the list of sockets.
import assert from 'node:assert/strict';
import test from 'node:test';
import type { WorldEvent } from '../../src/simulator/events.ts';
import { until } from '../support/until.ts';
import { client, linkedClients, paired, simulator, tameClients } from './client.ts';

tameClients();

test('the event stream tells of pairing, login, messages with their text, receipts, typing and the end', async t => {
  const server = await simulator(t);
  const { control } = server;
  const stop = new AbortController();
  const seen: WorldEvent[] = [];
  const events = await control.events({ signal: stop.signal });
  const reading = (async () => {
    for await (const event of events) seen.push(event);
  })().catch(() => {});
  await control.createPhone({ phone: '15550009', name: 'Carla' });
  const alice = await paired(t, server, '15550001');
  const { id } = await control.send('15550009', '15550001', 'good morning');
  await until(() => alice.text(id));
  await alice.sock.readMessages([{ remoteJid: '15550009@s.whatsapp.net', id, fromMe: false }]);
  await alice.sock.sendPresenceUpdate('composing', '15550009@s.whatsapp.net');
  const has = (wanted: Record<string, unknown>) =>
    until(
      () =>
        seen.some(event => Object.entries(wanted).every(([key, value]) => value === event[key as 'kind'])),
      { what: JSON.stringify(wanted) },
    );
  const jid = '15550001:1@s.whatsapp.net';
  await has({ kind: 'phone', change: 'added', phone: '15550009' });
  await has({ kind: 'waiting', waits: true });
  await has({ kind: 'linked', jid });
  await has({ kind: 'login', jid });
  await has({ kind: 'sent', id, from: '15550009@s.whatsapp.net' });
  await has({ kind: 'delivered', id, jid });
  await has({ kind: 'message', phone: '15550001', id, text: 'good morning', fromMe: false });
  await has({ kind: 'receipt', id, jid, type: 'read' });
  await has({ kind: 'typing', from: jid, state: 'composing' });
  await control.disconnect('tcp', { jid });
  await has({ kind: 'close', jid, close: 'tcp' });
  const numbers = seen.map(event => event.seq);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  stop.abort();
  await reading;

  const again = await control.events({ after: (numbers[0] ?? 0) - 1, kinds: ['linked'] });
  const { value } = await again.next();
  await again.return();
  assert.equal(
    value?.kind,
    'linked',
    'a reader that comes late gets what was kept, and only the kinds it wants',
  );
});

test('the event stream tells of groups that change and of calls', async t => {
  const { control } = await simulator(t);
  const events = await control.events({ kinds: ['group', 'call'] });
  t.after(() => events.return());
  const [first, second] = await control.createPhones(2);
  assert.ok(first && second);
  const { jid } = await control.call('createGroup', {
    body: { by: first.phone, subject: 'Choir', members: [second.phone] },
  });
  const group = (await events.next()).value;
  assert.ok(
    group?.kind === 'group' && group.group === jid && group.change === 'create' && group.by === first.phone,
  );
  await control.call('call', { params: { phone: first.phone }, body: { to: second.phone, video: true } });
  let call = (await events.next()).value;
  while (call?.kind === 'group') call = (await events.next()).value;
  assert.ok(call?.kind === 'call' && call.from === first.jid && call.to.includes(second.jid));
  assert.equal(call.how, 'video');
});

test('a long poll answers when the message comes, empty when the time is over, and reads on from a message', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [first, second] = await control.createPhones(2, { prefix: '15557', name: 'Contact {n}' });
  assert.ok(first && second);
  assert.deepEqual([first.phone, first.name, second.name], ['155570001', 'Contact 1', 'Contact 2']);
  assert.deepEqual(await control.messages(second.phone, { waitMs: 1 }), []);
  const waiting = control.messages(second.phone, { waitMs: 60_000 });
  const { id } = await control.send(first.phone, second.phone, 'one');
  assert.deepEqual(
    (await waiting).map(one => one.text),
    ['one'],
  );
  const later = control.messages(second.phone, { after: id, chat: first.phone, waitMs: 60_000 });
  await control.send(first.phone, second.phone, 'two');
  assert.deepEqual(
    (await later).map(one => one.text),
    ['two'],
  );
  assert.equal((await control.waitForMessage(second.phone, one => one.text === 'two')).from, first.jid);
  assert.deepEqual(
    (await control.messages(second.phone, { limit: 1 })).map(one => one.text),
    ['two'],
  );
  assert.deepEqual(await control.messages(second.phone, { chat: '15559999' }), []);
  await assert.rejects(control.messages(second.phone, { after: 'nonsense' }), { status: 404 });
});

test('a phone sees how far its message came: sent, delivered, read', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await control.createPhone({ phone: '15550009' });
  alice.sock.end(undefined);
  // Her own phone is there all the same, and says delivered at once.
  const { id } = await control.send('15550009', alice.phone, 'hello');
  const status = async () => (await control.messages('15550009'))[0]?.status;
  await until(async () => (await status()) === 'delivered');
  alice.connect();
  await until(() => alice.text(id));
  await alice.sock.readMessages([{ remoteJid: '15550009@s.whatsapp.net', id, fromMe: false }]);
  await until(async () => (await status()) === 'read');
  const receipts = (await control.messages('15550009'))[0]?.receipts ?? [];
  assert.ok(
    receipts.some(({ from, type }) => from === alice.jid && type === 'read'),
    JSON.stringify(receipts),
  );
});

test('sockets that wait to be linked are listed until they are linked or gone', async t => {
  const server = await simulator(t);
  const { control } = server;
  const one = client(t, server.socketUrl);
  one.connect();
  await until(async () => (await control.call('sockets')).length === 1);
  const other = client(t, server.socketUrl);
  other.connect();
  await until(() => other.qrs[0]);
  assert.equal((await control.call('sockets')).length, 2);
  await control.scan(await until(() => one.qrs[0]), '15550001');
  await until(() => one.opens === 1);
  other.sock.end(undefined);
  await until(async () => (await control.call('sockets')).length === 0);
});

test('a number that is given up is nobody’s: its device is logged out, and it can be had anew', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { phone } = alice;
  await control.call('removePhone', { params: { phone } });
  await until(() => alice.closes.includes(401));
  await assert.rejects(control.messages(phone), { status: 404 });
  assert.deepEqual(await control.call('phones'), []);
  const anew = await control.createPhone({ phone, name: 'Somebody else' });
  assert.equal(anew.name, 'Somebody else');
});
