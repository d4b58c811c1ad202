import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferJSON } from '@whiskeysockets/baileys';
import { startProgram } from '../support/program.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

// What the level info prints is among it.
test('even at level debug nothing that is printed has a number, a text, a QR, a key or a secret in it', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 2 });
  const secrets = { API_KEYS: 'key-of-the-house', WEBHOOK_SECRET: 'whisper-it-to-me' };
  const program = await startProgram(t, {
    ...world.settings,
    ...secrets,
    WORKERS: '1',
    WEBHOOK_URL: `${hook.url}?token=in-the-url`,
    LOG_LEVEL: 'debug',
  });
  const key = { authorization: `Bearer ${secrets.API_KEYS}` };
  const call = <T>(method: string, path: string, body?: unknown, headers = {}) =>
    program.api<T>(method, path, body, { ...key, ...headers });
  const send = (from: string, phone: string, message: string) =>
    call('POST', '/send/message', { phone, message }, { 'x-device-id': from });
  const [one, other] = world.seeded;
  assert.ok(one && other);
  const { phone } = await world.simulator.createPhone({ name: 'Carolina' });

  // Pairing by QR and by code, and the failures of both.
  const login = async (body: Record<string, string>) =>
    (await call<{ qr: string; pair_code: string }>('POST', '/device/login', body)).body.results;
  const qr = (await login({ device_id: 'ana' }))?.qr ?? '';
  const scanned = await world.simulator.scan(qr);
  const code = (await login({ device_id: 'bruno', phone }))?.pair_code ?? '';
  await assert.rejects(world.simulator.enterCode(phone, 'AAAA-AAAA'));
  await call('POST', '/device/logout', { device_id: 'bruno' });
  const second = (await login({ device_id: 'bruno', phone }))?.pair_code ?? '';
  await world.simulator.enterCode(phone, second);
  await until(async () => {
    const { body } = await call<{ state: string }[]>('GET', '/device/list');
    return body.results?.every(({ state }) => state === 'open');
  });

  // Texts in every direction, refused ones, and one that waits for a retry.
  assert.equal((await send(one.id, other.phone, 'a text of one')).status, 200);
  assert.equal((await send('ana', phone, 'a text of ana')).status, 200);
  await world.simulator.send(phone, one.phone, 'a text of a phone');
  await send(one.id, '15557654321', 'nobody has this number');
  await send(one.id, 'not a number 15557654321', 'a bad number');
  await world.simulator.arm('ack.error', { when: { once: true }, params: { code: 463 } });
  await send(one.id, phone, 'a text that is refused');
  await world.simulator.disarm();
  await world.simulator.call('forgetSessions', { params: { phone } });
  assert.equal((await send('ana', phone, 'a text that is asked for again')).status, 200);
  await until(async () => (await world.simulator.messages(phone)).some(({ text }) => text.endsWith('again')));
  await call('GET', `/devices/${encodeURIComponent(one.jid)}/status`);
  await call('GET', `/devices/${one.phone}/status?phone=${phone}`);
  await program.api('POST', '/send/message', { phone, message: 'without a key' });

  // What breaks: connections to WhatsApp and to the database, and what is unlinked.
  await world.simulator.disconnect('tcp', { all: true });
  await world.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'cardume-%'`;
  await send(one.id, phone, 'a text over a broken database');
  await until(async () => (await send(other.id, phone, 'a text after that')).status === 200);
  await world.simulator.unlink(one.phone);
  await until(() => hook.delivered.some(({ payload }) => payload.state === 'unlinked'));
  await call('DELETE', '/devices/bruno');
  program.kill('SIGTERM');
  assert.equal(await program.ended, 0);

  const printed = [...program.lines, ...program.errors].join('\n');
  assert.ok(program.lines.length > 10);
  const known = [one, other].flatMap(device => [device.phone, device.lid.split(':')[0] ?? '']);
  const numbers = [...known, phone, scanned.phone, scanned.lid.split(':')[0] ?? '', '15557654321'];
  const texts = hook.delivered.map(({ payload }) => payload.body).filter(body => typeof body === 'string');
  const keys = [one, other].flatMap(({ credentials, preKeys }) => [
    ...privateKeys(JSON.parse(credentials, BufferJSON.reviver)),
    ...preKeys.map(({ private: secret }) => secret),
  ]);
  const never = [
    ...numbers,
    ...texts,
    'a text',
    'nobody has this number',
    'without a key',
    'Carolina',
    ...qr.split(',').filter(part => part.length > 16),
    ...[code, second].flatMap(shown => [shown, shown.replace('-', '')]),
    ...Object.values(secrets),
    'in-the-url',
    'privKey',
    ...keys,
  ];
  for (const word of never) {
    assert.ok(word.length > 4, 'a word that says something');
    const line = printed.split('\n').find(one => one.includes(word));
    assert.equal(line, undefined, `${JSON.stringify(word)} was printed`);
  }
});

/** Every key of credentials in the forms in which it could be printed. */
function privateKeys(value: unknown): string[] {
  if (Buffer.isBuffer(value))
    return value.length < 16 ? [] : [value.toString('base64'), value.toString('hex')];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(privateKeys);
}
