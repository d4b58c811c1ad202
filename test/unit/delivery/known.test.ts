import assert from 'node:assert/strict';
import { test } from 'node:test';
import { known } from '../../../src/delivery/known.ts';
import { cursorOf, offer } from '../../../src/delivery/lane.ts';
import { row as base, type Row } from './rows.ts';

const row = (endpointNo: number, deviceNo: number, change: Partial<Row> = {}): Row =>
  base({ endpointNo, deviceNo, deviceId: `device-${deviceNo}`, cursor: 0, upto: 1, ...change });
const how = { payload: () => ({}), at: 0 };
const event = { device: 'device-1', deviceNo: 1, seq: 1, id: 'ev_1', event: 'message', body: '0123456789' };
const never = () => false;

test('lanes of one endpoint share it, and its settings are those of the row that was read last', () => {
  const all = known('secret');
  const [one, two] = [all.take(row(1, 1), 1), all.take(row(1, 2), 1)];
  assert.equal(one.endpoint, two.endpoint);
  one.endpoint.closed = true;
  all.take(row(1, 2, { url: 'http://127.0.0.1/new', events: ['message'] }), 1);
  assert.equal(one.endpoint.url, 'http://127.0.0.1/new');
  assert.deepEqual([...one.endpoint.filter.events], ['message']);
  assert.equal(one.endpoint.closed, false);
});

test('a running lane is left alone by a row that was read meanwhile', () => {
  const all = known('secret');
  const lane = all.take(row(1, 1), 1);
  lane.state = 'running';
  lane.stale = true;
  assert.equal(all.take(row(1, 1, { url: 'http://127.0.0.1/new', cursor: 1 }), 1), lane);
  assert.equal(lane.endpoint.url, 'http://127.0.0.1/');
  assert.equal(lane.stale, true);
  assert.equal(cursorOf(lane), 0);
});

test('a device without lanes is remembered until it is distrusted or swept', () => {
  const all = known('secret');
  assert.equal(all.of(1), undefined);
  all.nothingFor(1);
  assert.deepEqual(all.of(1), []);
  all.distrust(1);
  assert.equal(all.of(1), undefined);
  all.nothingFor(1);
  all.sweep(never, never);
  assert.equal(all.of(1), undefined);
});

test('a device that no event came for is forgotten with its events at hand; one that is needed or used stays', () => {
  const all = known('secret');
  const [idle, needed, used] = [1, 2, 3].map(no => all.take(row(no, no, { upto: 0 }), 1));
  offer(idle!, event, all.shelf, how);
  assert.equal(all.shelf.held, 10);
  all.sweep(never, never);
  used!.used = true;
  all.sweep(lane => lane === needed, never);
  assert.deepEqual(
    [1, 2, 3].map(no => all.of(no)?.length),
    [undefined, 1, 1],
  );
  assert.deepEqual(
    [1, 2, 3].map(no => all.endpoint(no) !== undefined),
    [false, true, true],
  );
  assert.equal(all.shelf.held, 0);
});

test('an endpoint whose parked event waits for its turn stays, although no lane of it is in memory', () => {
  const all = known('secret');
  all.endpointFor(row(7, 7), 1);
  for (let round = 0; round < 3; round += 1) all.sweep(never, no => no === 7);
  assert.equal(all.endpoint(7)?.no, 7);
  all.sweep(never, never);
  assert.equal(all.endpoint(7), undefined);
});
