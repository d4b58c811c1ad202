import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import test from 'node:test';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { type PoisonName, poisons } from '../../src/simulator/faults/poison.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const names = Object.keys(poisons) as PoisonName[];

test('every poison reaches a real client, which hears what comes after it all the same', {
  timeout: 500_000,
}, async t => {
  const server = await simulator(t);
  const clients = await linkedClients(t, server, { count: names.length });
  const { phone } = await server.control.createPhone();
  await Promise.all(
    names.map(async (name, index) => {
      const one = clients[index] ?? assert.fail();
      const heard: BinaryNode[] = [];
      one.sock.ws.on('frame', (frame: BinaryNode) => heard.push(frame));
      const before = heard.length;
      assert.deepEqual(await server.control.strike(`poison.${name}`, { jid: one.jid }), { struck: 1 });
      await until(() => heard.length > before, { within: 60_000, what: name });
      const { id } = await server.control.send(phone, one.phone, `after ${name}`);
      await until(() => one.text(id), { within: 60_000, what: `what comes after ${name}` });
      assert.deepEqual(one.closes, [], name);
    }),
  );
  const { protocolErrors } = await server.control.ledger();
  assert.equal(protocolErrors, 0);
});

test('a poison follows a stanza of the client, or goes with one to it', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const tags: string[] = [];
  alice.sock.ws.on('frame', ({ tag }: BinaryNode) => tags.push(tag));
  const once = { once: true } as const;
  await server.control.arm('poison.unknown-tag', { when: once, filter: { xmlns: 'w:p' } });
  await alice.sock.query({ tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } });
  await until(() => tags.includes('telegram'));
  assert.ok(tags.indexOf('telegram') < tags.lastIndexOf('iq'), 'before the answer');
  tags.length = 0;
  const params = { direction: 'out' };
  await server.control.arm('poison.unknown-tag', { when: once, filter: { tag: 'message' }, params });
  const { phone } = await server.control.createPhone();
  const { id } = await server.control.send(phone, alice.phone, 'with a poison');
  await until(() => alice.text(id) === 'with a poison' && tags.includes('telegram'));
  assert.ok(tags.indexOf('message') < tags.indexOf('telegram'), 'behind the message');
});
