import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { fanOut, type Live } from '../../../src/delivery/fan-out.ts';
import type { Streamed } from '../../../src/shard/protocol.ts';

const log = pino({ level: 'silent' });
const event = (device: string, seq: number, name = 'message'): Streamed => ({
  ...{ device, deviceNo: 1, seq, id: `${device}-${seq}`, event: name, body: '{}' },
});
const done = () => {};
const next = async (iterator: AsyncIterator<Live>) => (await iterator.next()).value as Live;

test('a batch goes to the deliverer before its credit returns', () => {
  const steps: string[] = [];
  const fan = fanOut({ log, wake: events => steps.push(`wake ${events.length}`) });
  fan.accept(0, [event('a', 1), event('a', 2)], () => steps.push('done'));
  assert.deepEqual(steps, ['wake 2', 'done']);
});

test('the credit returns even when the deliverer throws', () => {
  let returned = 0;
  const wake = () => {
    throw new Error('wake');
  };
  const fan = fanOut({ log, wake });
  assert.throws(() => fan.accept(0, [event('a', 1)], () => returned++), /wake/);
  assert.equal(returned, 1);
});

test('a subscriber gets what it asked for, in order, in as many pieces as it likes', async () => {
  const fan = fanOut({ log, wake: () => {} });
  const live = fan.subscribe({ device: 'a', events: ['MESSAGE'] })[Symbol.asyncIterator]();
  fan.accept(0, [event('a', 1), event('b', 1), event('a', 2, 'message.ack'), event('a', 3)], done);
  const first = await next(live);
  assert.deepEqual(first, { events: [event('a', 1), event('a', 3)], missed: false });
  const later = next(live);
  fan.accept(0, [event('b', 2)], done);
  fan.accept(0, [event('a', 4)], done);
  assert.deepEqual((await later).events, [event('a', 4)]);
});

test('a slow subscriber costs its room and no more, and is told that it missed something', async () => {
  const fan = fanOut({ log, wake: () => {} });
  const live = fan.subscribe({ room: 3 })[Symbol.asyncIterator]();
  for (let seq = 1; seq <= 100; seq += 1) fan.accept(0, [event('a', seq)], done);
  const { events, missed } = await next(live);
  assert.equal(missed, true);
  assert.deepEqual(
    events.map(({ seq }) => seq),
    [100],
  );
  fan.accept(0, [event('a', 101)], done);
  assert.deepEqual(await next(live), { events: [event('a', 101)], missed: false });
});

test('a subscription ends when its loop is left, when it is closed and when the fan-out closes', async () => {
  const fan = fanOut({ log, wake: () => {} });
  const left = fan.subscribe();
  fan.accept(0, [event('a', 1)], done);
  for await (const { events } of left) {
    assert.equal(events.length, 1);
    break;
  }
  assert.equal(fan.subscribers, 0);

  const ends = [fan.subscribe(), fan.subscribe()].map(async subscription => {
    if (fan.subscribers === 2) queueMicrotask(() => fan.close());
    for await (const _ of subscription) assert.fail('nothing was sent');
  });
  await Promise.all(ends);
  assert.equal(fan.subscribers, 0);
});
