// Who has the key of a group is on record when a message was written, not when WhatsApp has it: found by `npm run chaos`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crashWorld } from '../support/crash-world.ts';
import { until } from '../support/until.ts';

test('a message that brings the key of a group and is lost on its way brings it again: nobody fails to decrypt', async t => {
  const world = await crashWorld(t);
  const { control, devices, person, group } = world;
  await world.open();
  await control.arm('close.tcp', { when: { once: true }, filter: { tag: 'message' } });
  await world.send(devices[0]?.id ?? '', 'with the key', group);
  await until(async () => (await control.messages(person)).some(({ text }) => text === 'with the key'));
  const { armed } = await control.faults();
  assert.equal(armed[0]?.fired, 1, 'the first one was lost');
  await world.send(devices[0]?.id ?? '', 'without it', group);
  const figures = await world.judged();
  assert.deepEqual([figures.sendsAccepted, figures.decryptFailures], [2, 0]);
});
