import assert from 'node:assert/strict';
import test from 'node:test';
import { Events } from '../../../src/simulator/events.ts';
import { PairingDesk } from '../../../src/simulator/linking/pairing-desk.ts';
import type { Connection } from '../../../src/simulator/wire/connection.ts';

const hello = (connection: Connection, phone: string) => ({
  connection,
  phone,
  wrappedEphemeral: Buffer.alloc(80),
  ref: 'ref',
});
const socket = () => ({}) as unknown as Connection;

test('a socket waits for a code with one number at a time, however many it names', () => {
  const desk = new PairingDesk(new Events(() => 0));
  const connection = socket();
  desk.issueRefs(connection);
  for (let number = 0; number < 1_000; number++) desk.greet(hello(connection, `15550${number}`));
  assert.equal(desk.hello('155500'), undefined);
  assert.equal(desk.hello('15550999')?.connection, connection);
  assert.deepEqual(
    desk.open.map(({ phone }) => phone),
    ['15550999'],
  );
  desk.forget(connection);
  assert.equal(desk.hello('15550999'), undefined);
});

test('the newest socket has a number; that the one before it goes changes nothing', () => {
  const desk = new PairingDesk(new Events(() => 0));
  const [older, newer] = [socket(), socket()];
  desk.greet(hello(older, '15550001'));
  desk.greet(hello(newer, '15550001'));
  desk.forget(older);
  assert.equal(desk.hello('15550001')?.connection, newer);
});

test('whoever waits for a client that asks for a code is let go when the simulator stops', async () => {
  const desk = new PairingDesk(new Events(() => 0));
  const stopping = new AbortController();
  const waiting = desk.helloWithin('15550001', 3_600_000, stopping.signal);
  stopping.abort();
  assert.equal(await waiting, undefined);
});
