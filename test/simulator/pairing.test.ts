import assert from 'node:assert/strict';
import test from 'node:test';
import { Curve } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { client, paired, simulator, tameClients } from './client.ts';

tameClients();

interface Link {
  phone: string;
  jid: string;
  lid: string;
}

test('a pairing code links the device that asked for it, and a wrong one links nothing', async t => {
  const server = await simulator(t);
  const alice = client(t, server.socketUrl);
  alice.connect();
  await until(() => alice.qrs[0], { what: 'the socket to be ready' });
  const code = await alice.sock.requestPairingCode('15550002');
  const enter = (typed: string) => server.post<Link>('/admin/phones/15550002/enter-code', { code: typed });
  await assert.rejects(enter(code === 'AAAAAAAA' ? 'BBBBBBBB' : 'AAAAAAAA'), /400.*wrong pairing code/);
  await assert.rejects(enter('short'), /400.*8 letters/);
  const link = await enter(`${code.slice(0, 4)}-${code.slice(4).toLowerCase()}`);
  await until(() => alice.opens === 1, { what: 'open' });
  assert.equal(link.jid, '15550002:1@s.whatsapp.net');
  assert.deepEqual([alice.creds.me?.id, alice.creds.me?.lid], [link.jid, link.lid]);
});

test('the same push name is the same account, and a push name of digits is the number', async t => {
  const server = await simulator(t);
  const links: Link[] = [];
  for (const pushName of ['Dora', 'Dora', '15551234567']) {
    const one = client(t, server.socketUrl, undefined, { pushName } as never);
    one.connect();
    const qr = await until(() => one.qrs[0], { what: 'a QR' });
    links.push(await server.post<Link>('/admin/mock-phone/scan-qr', qr));
    await until(() => one.opens === 1, { what: 'open' });
  }
  const [first, second, third] = links;
  assert.equal(first?.phone, second?.phone);
  assert.match(second?.jid ?? '', /:2@/);
  assert.equal(third?.phone, '15551234567');
});

test('a fresh device gets its history and is not held up by it', async t => {
  const server = await simulator(t);
  await server.post('/admin/phones', { phone: '15550031', name: 'Eva' });
  await server.post('/admin/phones', { phone: '15550032', name: 'Fred' });
  await server.post('/admin/phones/15550032/send', { to: '15550031', text: 'before' });
  const eva = client(t, server.socketUrl);
  const history: string[] = [];
  const watch = () =>
    eva.sock.ev.on('messaging-history.set', ({ messages }) => {
      history.push(...messages.map(one => one.message?.conversation ?? ''));
    });
  eva.connect();
  const qr = await until(() => eva.qrs[0], { what: 'a QR' });
  await server.post('/admin/phones/15550031/scan', qr);
  const first = eva.sock;
  await until(() => eva.sock !== first, { what: 'the reconnect after 515' });
  watch();
  await until(() => history.includes('before'), { what: 'history' });
  const { id } = await server.post<{ id: string }>('/admin/phones/15550032/send', {
    to: '15550031',
    text: 'after',
  });
  await until(() => eva.text(id) === 'after');
  await until(() => eva.creds.myAppStateKeyId, { what: 'the app-state key' });
});

test('wrong QR texts and unknown phones are refused with a sentence', async t => {
  const server = await simulator(t);
  await assert.rejects(server.post('/admin/mock-phone/scan-qr', 'hello'), /400.*QR/);
  const key = Buffer.alloc(32).toString('base64');
  await assert.rejects(
    server.post('/admin/mock-phone/scan-qr', `2@x,${key},${key},${key},1`),
    /404.*expired/,
  );
  await assert.rejects(server.post('/admin/phones/1/send', { to: '2', text: 'x' }), /404/);
  await assert.rejects(server.post('/admin/phones', { phone: '12' }), /400/);
  await assert.rejects(server.post('/admin/phones', '{'), /400.*JSON/);
});

test('a client that signs its device with another key than it showed is not linked', async t => {
  const server = await simulator(t);
  const mallory = client(t, server.socketUrl);
  // Only the signature of the last step is made anew: the QR and the prekey are those of the identity that it shows.
  const { private: another } = Curve.generateKeyPair();
  Object.assign(mallory.creds.signedIdentityKey, { private: another });
  mallory.connect();
  const qr = await until(() => mallory.qrs[0], { what: 'a QR' });
  await assert.rejects(server.post('/admin/phones/15550051/scan', qr), /409.*did not sign/);
  await until(() => mallory.closes[0] === 401, { what: '401' });
  assert.deepEqual(await server.get('/admin/devices'), []);
  const { pairings } = await server.control.ledger();
  assert.equal(pairings, 0);
});

test('unlinking from the phone and logging out end the device and tell the other devices', async t => {
  const server = await simulator(t);
  const first = await paired(t, server, '15550041');
  const second = await paired(t, server, '15550041');
  await server.post('/admin/phones/15550041/unlink', { device: 2 });
  await until(() => second.closes.includes(401), { what: '401' });
  const third = await paired(t, server, '15550041');
  assert.match(third.creds.me?.id ?? '', /:3@/);
  await third.sock.logout();
  const devices = () => server.get<{ jid: string }[]>('/admin/devices');
  await until(async () => (await devices()).length === 1);
  second.connect();
  await until(() => second.closes.filter(code => code === 401).length === 2, { what: 'a refused login' });
  assert.equal(first.opens, 1);
});
