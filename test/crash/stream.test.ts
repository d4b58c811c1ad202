// F46: a reader of the stream whose server is killed under it comes back with the last id that it has.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashWorld } from '../support/crash-world.ts';
import { type Reading, readStream } from '../support/event-stream.ts';
import { journalOf } from '../support/journal.ts';
import { until } from '../support/until.ts';

const MESSAGES = 90;

test('F46: a stream that is resumed after the server was killed has each event once, in order', async t => {
  const world = await crashWorld(t);
  const { control, person, product, sql } = world;
  const [device] = world.devices;
  const heard: { id: string; seq: number; event: string }[] = [];
  let last = '0';
  let stream: Reading | undefined;
  const open = async () => {
    await world.open();
    stream = await readStream(`${product.url}/events/stream?device_id=${device?.id}&types=message`, {
      'last-event-id': last,
    });
    assert.equal(stream.status, 200);
  };
  const close = async () => {
    await stream?.ended;
    heard.push(...(stream?.told ?? []).map(({ data }) => JSON.parse(data ?? '')));
    last = stream?.last() ?? last;
  };
  for (const kill of [1, 2, 3]) {
    await open();
    for (let n = 1; n <= MESSAGES / 3; n++)
      await control.send(person, device?.phone ?? '', `text ${kill} ${n}`);
    await until(() => (stream?.told.length ?? 0) >= 8, { within: 60_000 });
    await product.end('SIGKILL');
    await close();
  }
  await open();
  const all = async () =>
    (await journalOf(sql, device?.id ?? '')).filter(({ event }) => event === 'message').map(({ id }) => id);
  await until(async () => (await all()).length === MESSAGES, { within: 60_000 });
  await until(() => heard.length + (stream?.told.length ?? 0) >= MESSAGES, { within: 60_000 });
  stream?.close();
  await close();
  assert.deepEqual(
    heard.map(({ id }) => id),
    await all(),
  );
});
