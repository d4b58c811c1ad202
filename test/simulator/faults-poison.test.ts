import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import test from 'node:test';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { type PoisonName, poisons } from '../../src/simulator/faults/poison.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

/** What these do to stock rc14 is said in docs/simulator.md; here is that they arrive as they were meant. */
test('every poison reaches the client as a stanza, and the connection survives on the server’s side', {
  timeout: 120_000,
}, async t => {
  const server = await simulator(t);
  const names = Object.keys(poisons) as PoisonName[];
  const clients = await linkedClients(t, server, { count: names.length });
  const outcome: Record<string, string> = {};
  await Promise.all(
    names.map(async (name, index) => {
      const one = clients[index] ?? assert.fail();
      const heard: BinaryNode[] = [];
      // In place of the client's own reactions, which a poison may break.
      one.sock.ws.removeAllListeners('frame');
      one.sock.ws.on('frame', (frame: BinaryNode) => heard.push(frame));
      const before = heard.length;
      await server.control.strike(`poison.${name}`, { jid: one.jid });
      await until(() => heard.length > before, { what: name });
      outcome[name] = heard.at(-1)?.tag ?? '';
    }),
  );
  assert.equal(Object.keys(outcome).length, names.length);
  assert.ok((await server.control.devices()).every(one => one.connected));
  const { protocolErrors } = await server.control.ledger();
  assert.equal(protocolErrors, 0);
});
