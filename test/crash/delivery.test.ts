// F10: the process is killed every 1.5 s while it delivers a backlog to a receiver that takes its time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { crashWorld } from '../support/crash-world.ts';
import { until } from '../support/until.ts';

const DEVICES = 4;
const MESSAGES = 400;
/** `CRASH_KILLS=22 npm test -- crash/delivery` is the long form. */
const KILLS = Number(process.env.CRASH_KILLS ?? 4);
/** Deliveries of a device that one crash may repeat: those since its cursor was written, and the one under way. */
const REPEATED = 20 + 1;

test(`F10: killed ${KILLS} times while delivering, it loses no event, keeps the order, and repeats at most 20 a device and kill`, async t => {
  const world = await crashWorld(t, { devices: DEVICES });
  const { product, control, hook, devices, person } = world;
  for (let n = 1; n <= MESSAGES; n++)
    for (const { id, phone } of devices) await control.send(person, phone, `text ${n} for ${id}`);
  hook.answer(() => ({ status: 200, after: delay(5) }));
  for (let kill = 1; kill <= KILLS; kill++) {
    product.start();
    await product.listening();
    const before = hook.delivered.length;
    await until(() => hook.delivered.length > before, { what: 'it delivers' });
    await delay(1_500);
    await product.end('SIGKILL');
  }
  hook.answer(200);
  const figures = await world.judged();
  assert.equal(figures.messagesReceipted, DEVICES * MESSAGES);
  const most = KILLS * DEVICES * REPEATED;
  assert.ok(
    figures.deliveriesRepeated <= most,
    `${figures.deliveriesRepeated} of at most ${most} were repeated`,
  );
});
