import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../support/database.ts';
import { TEST_KEYS } from '../support/keys.ts';
import { runProgram, up } from '../support/program.ts';
import { startProxy } from '../support/proxy.ts';
import { until } from '../support/until.ts';

test('--help names every setting and ends with 0', async t => {
  const child = runProgram(t, {}, ['--help']);
  assert.equal(await child.ended, 0);
  const text = child.lines.join('\n');
  for (const name of ['HOST', 'PORT', 'WORKERS', 'DB_URI', 'WEBHOOK_URL', 'WA_ROOT_KEY', '--simulate'])
    assert.ok(text.includes(name), name);
});

test('--print-config shows the settings and none of the secrets', async t => {
  const secrets = {
    APP_BASIC_AUTH: 'ana:open-sesame',
    API_KEYS: 'key-of-the-house',
    WEBHOOK_SECRET: 'whisper-it',
    SEALING_KEYS: TEST_KEYS,
    DB_URI: 'postgres://ana:hush-hush@db.example/cardume',
  };
  const child = runProgram(t, { ...secrets, PORT: '3003' }, ['--print-config']);
  assert.equal(await child.ended, 0);
  const text = [...child.lines, ...child.errors].join('\n');
  assert.match(text, /^PORT=3003$/m);
  for (const secret of ['open-sesame', 'key-of-the-house', 'whisper-it', TEST_KEYS, 'hush-hush'])
    assert.ok(!text.includes(secret), secret);
});

const wrong: readonly { settings: Record<string, string>; args?: string[]; says: RegExp }[] = [
  { settings: { PORT: 'many' }, says: /^PORT: expected .+, got "many"$/ },
  { settings: { CARDUME_WEBHOK_URL: 'http://localhost/' }, says: /^CARDUME_WEBHOK_URL: no such setting/ },
  { settings: { HOST: '0.0.0.0' }, says: /^HOST: .+ APP_BASIC_AUTH or API_KEYS .+ got neither$/ },
  {
    settings: { HOST: '0.0.0.0', API_KEYS: 'key-of-the-house' },
    says: /^SEALING_KEYS_FILE: expected the keys that seal the database, .+ got none/,
  },
  {
    settings: { HOST: '0.0.0.0', API_KEYS: 'key-of-the-house' },
    args: ['--simulate'],
    says: /^SEALING_KEYS_FILE: /,
  },
  { settings: { SEALING_KEYS: 'c2hvcnQ=' }, says: /^SEALING_KEYS: expected keys .+, got something else$/ },
  { settings: { SEALING_KEYS_FILE: '/nowhere/keys' }, says: /^SEALING_KEYS_FILE: cannot read .+ENOENT/ },
  { settings: { FAILPOINTS: 'recv.nowhere:kill' }, says: /^FAILPOINTS: expected rules like / },
  {
    settings: { FAILPOINTS: 'recv.after_commit:kill', HOST: '0.0.0.0', API_KEYS: 'key-of-the-house' },
    says: /^FAILPOINTS: expected HOST to be loopback, .+ got 0\.0\.0\.0$/,
  },
  { settings: {}, args: ['--simulated'], says: /^--simulated: no such argument/ },
  {
    settings: { WA_SOCKET_URL: 'ws://127.0.0.1:9/' },
    args: ['--simulate'],
    says: /^WA_SOCKET_URL: expected none/,
  },
];
test('a wrong setting ends it with 78 and one sentence that names the setting', async t => {
  await Promise.all(
    wrong.map(async ({ settings, args = [], says }) => {
      const child = runProgram(t, settings, args);
      assert.equal(await child.ended, 78);
      assert.equal(child.errors.length, 1);
      assert.match(child.errors[0] ?? '', says);
      assert.deepEqual(child.lines, []);
    }),
  );
});

test('a database that is down at the start is waited for; one that refuses us ends it with a sentence', async t => {
  const { address } = await testDatabase(t);
  const proxy = await startProxy(t, address.url);
  const settings = { PORT: '0', WORKERS: '1', SEALING_KEYS: TEST_KEYS, LOG_LEVEL: 'warn' };

  const missing = new URL(proxy.url);
  missing.pathname = '/no_such_database';
  const refused = runProgram(t, { ...settings, DB_URI: missing.href });
  assert.equal(await refused.ended, 69);
  assert.equal(refused.errors.length, 1);
  assert.match(refused.errors[0] ?? '', /^PostgreSQL refuses us: .*does not exist/);

  await proxy.cut();
  const patient = runProgram(t, { ...settings, DB_URI: proxy.url });
  await until(() =>
    patient.lines.some(line => line.includes('the database cannot be reached; trying again')),
  );
  await proxy.mend();
  const program = await up(patient);
  program.kill('SIGTERM');
  assert.equal(await program.ended, 0);
});
