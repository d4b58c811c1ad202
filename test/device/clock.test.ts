// Somebody sets the wall clock while a device is connected.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeWASocket, type SocketConfig, type WASocket } from '@whiskeysockets/baileys';
import type { SocketOptions } from '../../src/device/line/socket.ts';
import { until } from '../support/until.ts';
import { connected } from './connected.ts';
import { quiet } from './signal.ts';

const hour = 3_600_000;

/** Connects one device and lets everything that it does at intervals happen once, with a clock that is so far off. */
async function afterTheStep(
  t: TestContext,
  byMs: number,
  open?: (options: SocketOptions) => WASocket,
): Promise<string[]> {
  const atIntervals: (() => void)[] = [];
  const { setInterval } = globalThis;
  t.mock.method(globalThis, 'setInterval', (work: () => void, ms: number) => {
    atIntervals.push(work);
    return setInterval(work, ms);
  });
  const [device] = await connected(t, 1, open);
  assert.ok(device && atIntervals.length > 0);
  const closes: string[] = [];
  device.socket.ev.on('connection.update', ({ connection, lastDisconnect }) => {
    if (connection === 'close') closes.push(lastDisconnect?.error?.message ?? '');
  });
  const { now } = Date;
  t.mock.method(Date, 'now', () => now() + byMs);
  for (const work of atIntervals) work();
  t.mock.restoreAll();
  // Whoever is still connected is answered; whoever is not hears of the end in a moment.
  const id = device.socket.generateMessageTag();
  const ping = { tag: 'iq', attrs: { id, to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } };
  await device.socket
    .query({ ...ping, content: [{ tag: 'ping', attrs: {} }] })
    .catch(() => until(() => closes.length > 0));
  return closes;
}

for (const byMs of [hour, -hour])
  test(`a clock that is set ${byMs > 0 ? 'forward' : 'back'} by an hour ends no connection`, async t => {
    assert.deepEqual(await afterTheStep(t, byMs), []);
  });

test('stock Baileys ends every connection when the clock is set forward: when it does not any more, its keep-alive can be ours', async t => {
  const stock = ({ credentials, keys, whatsapp }: SocketOptions) =>
    makeWASocket({
      auth: { creds: credentials, keys },
      waWebSocketUrl: whatsapp.socketUrl,
      logger: quiet,
    } as Partial<SocketConfig> as SocketConfig);
  assert.deepEqual(await afterTheStep(t, hour, stock), ['Connection was lost']);
});
