import assert from 'node:assert/strict';
import { test } from 'node:test';
import { furthest, type OutgoingState } from '../../../src/store/outgoing.ts';

const lead = (...states: OutgoingState[]) =>
  furthest(states.map(state => ({ deviceNo: 1, id: 'A', state }))).map(({ state }) => state);

test('steps that are written together lead where they lead one after the other', () => {
  assert.deepEqual(lead('sent', 'server_ack', 'read', 'delivered'), ['read']);
  assert.deepEqual(lead('server_ack', 'sent'), ['server_ack']);
  assert.deepEqual(lead('sent', 'failed'), ['failed']);
  assert.deepEqual(lead('failed', 'delivered'), ['delivered'], 'a peer has it after all');
  assert.deepEqual(lead('failed', 'server_ack'), ['failed']);
  assert.deepEqual(lead('server_ack', 'failed'), ['server_ack'], 'what WhatsApp has taken does not fail');
  assert.deepEqual(lead('delivered', 'failed'), ['delivered']);
});
