// Coming back with a handshake of one round trip less, as WhatsApp Web and whatsapp-rust do: IK with the server's static
// key of last time, XXfallback where that is not the server's any more. Baileys speaks XX alone, so a bare client does it.
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { type AuthenticationCreds, BufferJSON } from '@whiskeysockets/baileys';
import { generateKeyPair } from '../../src/simulator/wire/crypto.ts';
import { BareClient, type BareClientOptions } from '../support/bare-client.ts';
import { simulator } from './client.ts';

const PING = { tag: 'iq', attrs: { to: 's.whatsapp.net', type: 'get', xmlns: 'w:p' } };

async function world(t: TestContext) {
  const server = await simulator(t);
  const [linked] = await server.control.linkedDevices(1);
  assert.ok(linked);
  const { socketUrl, rootKey } = server;
  const bare = (options: Partial<BareClientOptions> = {}) => {
    const client = new BareClient({ socketUrl, linked, rootKey, ...options });
    t.after(() => client.end());
    return client;
  };
  const first = bare();
  await first.open;
  assert.ok(first.serverKey);
  first.end();
  await first.closed;
  return { server, linked, bare, serverKey: first.serverKey };
}

test("a client that kept the server's key logs in with its hello, and the server proves itself again", async t => {
  const { server, linked, bare, serverKey } = await world(t);
  const again = bare({ resume: serverKey });
  await again.open;
  assert.equal(again.resumed, true);
  assert.equal((await again.query(PING)).attrs.type, 'result');
  const log = await server.control.call('ledgerDevice', { params: { jid: linked.jid } });
  assert.equal(log.logins.length, 2);
});

test("a client that kept another server's key goes on as one that kept none, and learns the right one", async t => {
  const { bare, serverKey } = await world(t);
  const again = bare({ resume: generateKeyPair().public });
  await again.open;
  assert.equal(again.resumed, false);
  assert.deepEqual(again.serverKey, serverKey);
  assert.equal((await again.query(PING)).attrs.type, 'result');
});

test("whoever knows a device's public key alone gets in neither with a hello nor after it", async t => {
  const { server, linked, bare, serverKey } = await world(t);
  const creds = JSON.parse(linked.credentials, BufferJSON.reviver) as AuthenticationCreds;
  // Its own key, with the number and the device of somebody else.
  const stranger = bare({ resume: serverKey, noiseKey: generateKeyPair() });
  assert.equal((await stranger.closed)?.attrs.reason, '401');
  // The key of somebody else, without its private half: the server finds that out in the hello, and then in the finish.
  const { private: wrong } = generateKeyPair();
  const thief = bare({ resume: serverKey, noiseKey: { public: creds.noiseKey.public, private: wrong } });
  await assert.rejects(thief.open);
  assert.equal(thief.resumed, false);
  const log = await server.control.call('ledgerDevice', { params: { jid: linked.jid } });
  assert.equal(log.logins.length, 1);
});
