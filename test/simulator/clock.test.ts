// The world's clock: moved by HTTP, and what stanzas say and what expires go by it.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { clientOptions } from '../../src/simulator/index.ts';
import { AUTH_TTL_SECONDS } from '../../src/simulator/media/auth.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

test('the clock is moved, and what clients and phones see is dated by it', async t => {
  const server = await simulator(t);
  const { control } = server;
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  await control.createPhone({ phone: '15550009' });
  const { now, offsetMs } = await control.call('setClock', { body: { at: '2031-05-01T12:00:00Z' } });
  assert.equal(new Date(now).toISOString().slice(0, 10), '2031-05-01');
  assert.ok(offsetMs > 0);
  const dayOf = (seconds: unknown) => new Date(Number(seconds) * 1000).toISOString().slice(0, 10);
  const { id } = await control.send('15550009', alice.phone, 'from the future');
  await until(() => alice.text(id));
  const byPhone = alice.received.find(one => one.message.key.id === id)?.message;
  assert.equal(dayOf(byPhone?.messageTimestamp), '2031-05-01');
  const sent = await bob.sock.sendMessage(`${alice.phone}@s.whatsapp.net`, { text: 'me too' });
  const other = await until(() => alice.received.find(one => one.message.key.id === sent?.key.id)?.message);
  assert.equal(dayOf(other.messageTimestamp), '2031-05-01');
  const seen = await control.waitForMessage(alice.phone, one => one.text === 'me too');
  assert.equal(dayOf(seen.timestamp), '2031-05-01');
});

test('a permission to upload media expires when the clock has passed its time', async t => {
  const server = await simulator(t);
  const { control } = server;
  const { dispatcher } = clientOptions(server).options;
  t.after(() => dispatcher.destroy());
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  const { auth } = await alice.sock.refreshMediaConn(true);
  const upload = async () => {
    const token = createHash('sha256').update('x').digest('base64url');
    const where = `${server.mediaUrl}/mms/image/${token}?auth=${encodeURIComponent(auth)}&token=${token}`;
    // Node's own fetch takes it; its type does not say so.
    const init: RequestInit = { method: 'POST', body: 'x', ...{ dispatcher } };
    return (await fetch(where, init)).status;
  };
  assert.equal(await upload(), 200);
  await control.call('setClock', { body: { advanceMs: (AUTH_TTL_SECONDS + 1) * 1_000 } });
  assert.equal(await upload(), 401);
  await control.call('setClock', { body: { offsetMs: 0 } });
  assert.equal(await upload(), 200);
});

test('a clock that nobody could mean is refused, and it is set right again', async t => {
  const { control } = await simulator(t);
  const refused = (body: object) => assert.rejects(control.request('PUT', '/clock', body), { status: 400 });
  await refused({});
  await refused({ at: 'soon' });
  await refused({ offsetMs: 1, advanceMs: 1 });
  await refused({ advanceMs: Number.MAX_SAFE_INTEGER });
  await control.call('setClock', { body: { advanceMs: 5_000 } });
  await control.call('setClock', { body: { advanceMs: 5_000 } });
  assert.equal((await control.call('clock')).offsetMs, 10_000);
  assert.equal((await control.call('setClock', { body: { offsetMs: 0 } })).offsetMs, 0);
});
