import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { birthOf, hasEnded, processSpace } from '../../../src/lib/processes.ts';

test('a process is told from one that ended, one that took its number, and one that was never there', {
  skip: !existsSync('/proc/self/stat'),
}, async () => {
  assert.match(processSpace() ?? '', /^[0-9a-f-]{36} pid:\[\d+\]$/);
  assert.match(birthOf(process.pid) ?? '', /^\d+$/);
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const birth = birthOf(child.pid!);
  assert.match(birth ?? '', /^\d+$/);
  assert.equal(birthOf(child.pid!), birth, 'it does not change');
  child.kill('SIGSTOP');
  assert.equal(birthOf(child.pid!), birth, 'one that is stopped lives');
  assert.equal(hasEnded(child.pid!, birth!), false);
  assert.equal(hasEnded(child.pid!, '1'), true, 'another one has its number');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(birthOf(child.pid!), undefined);
  assert.equal(hasEnded(child.pid!, birth!), true);
  assert.equal(birthOf(2 ** 30), undefined);
  assert.equal(hasEnded(process.pid, birthOf(process.pid) ?? ''), false);
  assert.equal(hasEnded(process.pid, 'another'), true);
});

test('who has no file descriptor left takes nobody for dead', {
  skip: !existsSync('/proc/self/stat'),
}, () => {
  const script = `
    import { openSync } from 'node:fs';
    import { birthOf, hasEnded } from '${new URL('../../../src/lib/processes.js', import.meta.url)}';
    const birth = birthOf(process.pid);
    try {
      for (;;) openSync('/dev/null');
    } catch {}
    process.stdout.write(String(hasEnded(process.pid, birth)));`;
  const run = 'ulimit -n 128; exec "$0" --input-type=module -e "$1"';
  const said = execFileSync('sh', ['-c', run, process.execPath, script], { encoding: 'utf8' });
  assert.equal(said, 'false');
});
