// Use from outside: the package's export, its program, its options and its docs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import * as outside from 'cardume/simulator';
import * as inside from '../../src/simulator/index.ts';
import { optionTable, readOptions, usage } from '../../src/simulator/options.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const compiled = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test('cardume/simulator is the simulator, its control client and the options for Baileys', async t => {
  assert.equal(outside.startSimulator, inside.startSimulator);
  const simulator = await outside.startSimulator();
  t.after(() => simulator.stop());
  const control = outside.controlClient(simulator.controlUrl);
  assert.equal((await control.createPhone({ phone: '15550009' })).phone, '15550009');
  assert.equal(outside.clientOptions(simulator).waWebSocketUrl, simulator.socketUrl);
});

test('the control client drives a simulator with TLS when it is given the options of clientOptions', async t => {
  const simulator = await outside.startSimulator({ tls: 'generated' });
  t.after(() => simulator.stop());
  const { options } = outside.clientOptions(simulator);
  const control = outside.controlClient(simulator.controlUrl, options);
  assert.equal((await control.createPhone({ phone: '15550009' })).phone, '15550009');
  await assert.rejects(outside.controlClient(simulator.controlUrl).devices());
});

test('the example of the docs passes as it stands there', { timeout: 500_000 }, () => {
  const file = compiled('test/simulator/example.js');
  const { status, stdout } = spawnSync(process.execPath, ['--test', '--test-force-exit', file], {
    encoding: 'utf8',
    // Not as a part of this run, or it would report to it instead of failing.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  assert.equal(status, 0, stdout);
  assert.match(stdout, /pass 1/);
});

test('--help tells every flag with what it does', () => {
  const { stdout } = spawnSync(process.execPath, [compiled('scripts/simulator.js'), '--help'], {
    encoding: 'utf8',
  });
  assert.ok(stdout.includes(usage()));
  for (const { flag, doc } of optionTable) {
    if (flag) assert.ok(stdout.includes(`--${flag}`) && stdout.includes(doc), flag);
  }
});

test('flags become options, and a wrong one is refused with a sentence', () => {
  assert.deepEqual(
    readOptions(['--port', '8080', '--tls', '--media-budget', '2', '--host-names', 'a.test,::1']),
    {
      port: 8080,
      tls: 'generated',
      mediaBudget: 2 * 1024 * 1024,
      hostNames: ['a.test', '::1'],
    },
  );
  assert.equal(readOptions(['--help']), undefined);
  assert.throws(
    () => readOptions(['--port', '70000']),
    /--port is a whole number from 0 to 65535, not "70000"/,
  );
  assert.throws(() => readOptions(['--tls-key', 'x']), /go together/);
  assert.throws(() => readOptions(['--host-names', 'a b']), /--host-names/);
  assert.throws(() => readOptions(['--nothing']), /nothing/);
});

test('the package holds what its exports and its program need, and no tests', () => {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
    bin: Record<string, string>;
    exports: { './simulator': { default: string } };
  };
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], {
    cwd: root,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[];
  const paths = new Set(packed?.files.map(file => file.path));
  const needed = [manifest.exports['./simulator'].default, ...Object.values(manifest.bin)].map(path =>
    path.replace(/^\.\//, ''),
  );
  for (const path of [...needed, 'scripts/postinstall.mjs', 'patches/postgres+3.4.9.patch']) {
    assert.ok(existsSync(root + path) && paths.has(path), path);
  }
  assert.deepEqual(
    [...paths].filter(path => /(^|\/)test\//.test(path)),
    [],
  );
});
