// F53: the keys are wrong or missing. And where a key comes from that nobody gave.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { keyId } from '../../src/lib/seal.ts';
import { testDatabase } from '../support/database.ts';
import { dumpRows } from '../support/dump.ts';
import { TEST_KEY, TEST_KEYS } from '../support/keys.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'cardume-keys-'));
chmodSync(folder, 0o711); // as root the embedded server runs under another account
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));
const another = randomBytes(32);

test('with a wrong or a missing key it ends with 78 and a sentence, and nothing was written', async t => {
  const world = await startWorld(t, { devices: 2 });
  const empty = join(folder, 'empty');
  const settings = { ...world.settings, WORKERS: '1', DATA_DIR: empty, WEBHOOK_URL: 'http://127.0.0.1:9/' };
  const before = await dumpRows(world.sql);
  const refused = async (change: Record<string, string>, says: RegExp) => {
    const child = runProgram(t, { ...settings, ...change });
    assert.equal(await child.ended, 78);
    assert.equal(child.errors.length, 1, child.errors.join('\n'));
    assert.match(child.errors[0] ?? '', says);
    assert.deepEqual(await dumpRows(world.sql), before);
  };
  const ours = keyId(TEST_KEY).toString('hex');
  const theirs = keyId(another).toString('hex');
  await refused(
    { SEALING_KEYS: another.toString('base64') },
    new RegExp(
      `^SEALING_KEYS: The database was sealed with the key ${ours}, and the sealing keys are ${theirs}`,
    ),
  );
  await refused(
    { SEALING_KEYS: '' },
    new RegExp(`^SEALING_KEYS: The database is sealed with the key ${ours}, and there is no key`),
  );
  assert.ok(!existsSync(join(empty, 'sealing.key')), 'no key was made that could open nothing');

  const [canary] = await world.sql`delete from setting where name = 'sealing_canary' returning *`;
  before.setting = (await dumpRows(world.sql)).setting!;
  await refused(
    {},
    /^SEALING_KEYS: The database holds sealed values and not the one that the keys are tried on/,
  );
  await world.sql`insert into setting ${world.sql({ ...canary!, value: Buffer.alloc(50).toString('base64') })}`;
  before.setting = (await dumpRows(world.sql)).setting!;
  await refused({}, /^SEALING_KEYS: /);

  await world.sql`update setting set value = ${canary!.value as string} where name = 'sealing_canary'`;
  const program = await startProgram(t, settings);
  await program.opened(world.seeded.map(({ id }) => id));
  program.kill('SIGTERM');
  assert.equal(await program.ended, 0);
});

test('a try-out on loopback makes its own key, for its owner only, says so, and uses it from then on', async t => {
  const { address, sql } = await testDatabase(t);
  const dir = join(folder, 'tryout');
  const file = join(dir, 'sealing.key');
  const settings = { PORT: '0', WORKERS: '1', DB_URI: address.url, DATA_DIR: dir, LOG_LEVEL: 'warn' };
  const first = await startProgram(t, settings);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const warning = first.lines.find(line => line.includes('back it up'));
  assert.ok(warning?.includes(file), warning);
  const key = readFileSync(file, 'utf8');
  assert.ok(!first.lines.join().includes(key.trim()));
  await first.api('POST', '/devices', { device_id: 'ana' });
  first.kill('SIGTERM');
  await first.ended;

  const second = await startProgram(t, settings);
  assert.ok(!second.lines.some(line => line.includes('back it up')));
  assert.equal(readFileSync(file, 'utf8'), key);
  second.kill('SIGTERM');
  await second.ended;

  const before = await dumpRows(sql);
  chmodSync(file, 0o644);
  const open = runProgram(t, settings);
  assert.equal(await open.ended, 78);
  assert.match(open.errors.join('\n'), /^SEALING_KEYS: .*others than its owner may use .*sealing\.key/);
  chmodSync(file, 0o600);
  writeFileSync(file, 'not a key\n');
  const broken = runProgram(t, settings);
  assert.equal(await broken.ended, 78);
  assert.match(broken.errors.join('\n'), /^SEALING_KEYS: .*key 1 is not the base64 of 32 bytes/);
  rmSync(file);
  const missing = runProgram(t, settings);
  assert.equal(await missing.ended, 78);
  assert.match(missing.errors.join('\n'), /there is no key: .*there is no .*sealing\.key/);
  assert.ok(!existsSync(file));
  assert.deepEqual(await dumpRows(sql), before);

  // Moved to where it is given, the same key opens the same database.
  const given = join(folder, 'given');
  writeFileSync(given, key);
  const third = await startProgram(t, { ...settings, SEALING_KEYS_FILE: given });
  third.kill('SIGTERM');
  assert.equal(await third.ended, 0);
});

test('the database that it starts, and the guard of that, have no key in their environment; keys are rotated beside them', {
  skip: process.platform !== 'linux' && 'reads /proc',
}, async t => {
  const dir = join(folder, 'embedded');
  const settings = { PORT: '0', WORKERS: '1', DATA_DIR: dir, SEALING_KEYS: TEST_KEYS };
  const program = await startProgram(t, settings);
  const children = await until(() => {
    const of = (pid: number) =>
      readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
    const found = of(program.pid).flatMap(pid => [pid, ...of(pid)]);
    return found.length >= 2 ? found : undefined;
  });
  for (const pid of children) {
    // A worker of the server may have ended meanwhile.
    if (!existsSync(`/proc/${pid}/environ`)) continue;
    const environ = readFileSync(`/proc/${pid}/environ`, 'latin1');
    assert.ok(environ.includes('LC_ALL=C'), 'it is the environment that we made');
    assert.ok(!environ.includes(TEST_KEYS) && !environ.includes('SEALING'), environ);
  }
  assert.ok(!existsSync(join(dir, 'sealing.key')), 'a key that was given is not kept');

  await program.api('POST', '/devices', { device_id: 'ana' });
  const both = { ...settings, SEALING_KEYS: `${another.toString('base64')},${TEST_KEYS}` };
  const rotation = runProgram(t, both, ['--rotate-keys']);
  assert.equal(await rotation.ended, 0, rotation.errors.join('\n'));
  assert.match(rotation.lines.join('\n'), /1 devices and 4 settings/);
  program.kill('SIGTERM');
  assert.equal(await program.ended, 0);
});
