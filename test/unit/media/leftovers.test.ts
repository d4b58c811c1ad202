import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateMessageIDV2 } from '@whiskeysockets/baileys';
import { removeLeftovers } from '../../../src/media/leftovers.ts';

test('what an upload of a dead process left goes after a day, and nothing else', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-leftovers-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const now = Date.UTC(2026, 0, 2);
  const put = async (name: string, hours: number) => {
    await writeFile(join(folder, name), 'x');
    const at = new Date(now - hours * 3_600_000);
    await utimes(join(folder, name), at, at);
    return name;
  };
  await put(`image${generateMessageIDV2()}-enc`, 25);
  await put(`thumbnail-link${generateMessageIDV2()}-original`, 25);
  const kept = [
    await put(`video${generateMessageIDV2()}-enc`, 23),
    await put('notes-enc', 25),
    await put(`image${generateMessageIDV2()}`, 25),
  ];
  await removeLeftovers(folder, now);
  assert.deepEqual((await readdir(folder)).sort(), kept.sort());
});
