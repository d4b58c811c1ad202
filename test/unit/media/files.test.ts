import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pino from 'pino';
import { KeptFiles } from '../../../src/media/files.ts';

const HOUR = 3_600_000;
const now = Date.UTC(2026, 0, 2);

async function kept(t: TestContext, limits: { maxBytes: number; maxAgeMs: number }) {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-kept-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const files = new KeptFiles({ ...limits, folder, log: pino({ level: 'silent' }) });
  const put = async (device: number, name: string, bytes: number, ageMs: number) => {
    await mkdir(files.folderOf(device), { recursive: true });
    const path = join(files.folderOf(device), name);
    await writeFile(path, Buffer.alloc(bytes));
    await utimes(path, new Date(now - ageMs), new Date(now - ageMs));
  };
  const left = async () =>
    (await readdir(folder, { recursive: true })).filter(name => name.includes('/')).sort();
  return { files, put, left };
}

test('what is old goes, and of what is too much the oldest, over all devices', async t => {
  const { files, put, left } = await kept(t, { maxBytes: 100, maxAgeMs: 24 * HOUR });
  await put(1, 'old', 1, 25 * HOUR);
  await put(1, 'new', 40, HOUR);
  await put(2, 'newer', 50, 1000);
  await put(2, 'third', 30, 2 * HOUR);
  await put(2, 'small', 5, 3 * HOUR);
  await files.tidy(now);
  assert.deepEqual(await left(), ['1/new', '2/newer', '2/small']);
});

test('a download under way is left alone, one that a dead process left is not', async t => {
  const { files, put, left } = await kept(t, { maxBytes: 10, maxAgeMs: HOUR });
  await put(1, 'a.part', 1000, 1000);
  await put(1, 'b.part', 10, 2 * HOUR);
  await files.tidy(now);
  assert.deepEqual(await left(), ['1/a.part']);
});

test('nothing was ever kept: nothing is to be done', async t => {
  const { files } = await kept(t, { maxBytes: 10, maxAgeMs: HOUR });
  await files.start();
  await files.stop();
  await files.stop();
});
