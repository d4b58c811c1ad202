// The reader in docs/streams.md, run as it is there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bearer } from './support/keys-api.ts';
import { ownFolder } from './support/own-folder.ts';
import { streamsServer } from './support/streams.ts';
import { until } from './support/until.ts';

const page = readFileSync(new URL('../../docs/streams.md', import.meta.url), 'utf8');

test('the reader in docs/streams.md misses no event, over a kill of its own', async t => {
  const [, code = ''] = /```js\n(\/\/ KEY=.+?)```/s.exec(page) ?? [];
  const { device, write, made, url, get } = await streamsServer(t);
  const { key } = await made({ scopes: ['read'] });
  const a = await device('a');
  const folder = ownFolder(t);
  writeFileSync(join(folder, 'read.mjs'), code);
  const read = () => {
    const child = spawn(process.execPath, ['read.mjs'], {
      cwd: folder,
      env: { KEY: key, BASE: url },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    return { child, bodies: () => [...said.matchAll(/body: '(\w+)'/g)].map(([, body]) => body) };
  };
  // From the beginning: the cursor that a page before the first event has.
  writeFileSync(
    join(folder, 'cursor'),
    ((await get('/events', bearer(key))).results as unknown as { next: string }).next,
  );
  const first = read();
  await write(a, ['one', 'two']);
  await until(() => first.bodies().length === 2);
  first.child.kill('SIGKILL');
  await once(first.child, 'close');
  await write(a, ['three']);
  const second = read();
  await write(a, ['four']);
  await until(() => second.bodies().includes('four'));
  // One whose cursor was not written when it was killed comes again.
  assert.deepEqual([...new Set([...first.bodies(), ...second.bodies()])], ['one', 'two', 'three', 'four']);
});
