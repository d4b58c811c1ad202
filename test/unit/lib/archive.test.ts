import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ArchiveBroken, type ArchiveTrouble, lockArchive, openArchive } from '../../../src/lib/archive.ts';

const passphrase = 'correct horse battery';
const trouble =
  (...expected: ArchiveTrouble[]) =>
  (error: unknown) =>
    error instanceof ArchiveBroken && expected.includes(error.trouble);

test('what was locked opens with its passphrase, in whatever form the accents of it are typed', async () => {
  const content = randomBytes(100_000);
  const file = await lockArchive('senha com acentuação', content);
  assert.deepEqual(await openArchive('senha com acentuação'.normalize('NFD'), file), content);
  assert.ok(!file.includes(content.subarray(0, 16)));
  assert.notDeepEqual(await lockArchive('senha com acentuação', content), file, 'each has a salt and nonce');
});

test('a wrong passphrase is told apart from a damaged file', async () => {
  const file = await lockArchive(passphrase, Buffer.from('a device'));
  await assert.rejects(openArchive('correct horse batterx', file), trouble('passphrase'));
  await assert.rejects(openArchive(passphrase, file.subarray(0, -1)), trouble('damaged'));
  await assert.rejects(openArchive(passphrase, Buffer.concat([file, Buffer.of(0)])), trouble('damaged'));
});

test('a change in any part of it is noticed', async () => {
  const file = await lockArchive(passphrase, Buffer.from('a device'));
  // Magic, version and cost byte by byte; salt, check, nonce, ciphertext and tag in steps, each try takes 0.2 s.
  for (let at = 0; at < file.length; at += at < 16 ? 1 : 5) {
    const changed = Buffer.from(file);
    changed[at]! ^= 0x80;
    await assert.rejects(openArchive(passphrase, changed), ArchiveBroken, `byte ${at}`);
  }
});

test('an archive that was cut anywhere, and anything that is none, are refused at once', async () => {
  const file = await lockArchive(passphrase, Buffer.from('a device'));
  for (const length of [0, 1, 14, 15, 16, 40, 60, 75, 76])
    await assert.rejects(
      openArchive(passphrase, file.subarray(0, length)),
      trouble('not an archive', 'damaged'),
      `${length} bytes`,
    );
  await assert.rejects(openArchive(passphrase, randomBytes(10_000_000)), trouble('not an archive'));
});

test('an archive of a later version is refused by its number, one that asks for a costly key without paying for it', async () => {
  const file = await lockArchive(passphrase, Buffer.from('a device'));
  const newer = Buffer.from(file);
  newer[14] = 2;
  await assert.rejects(openArchive(passphrase, newer), /has version 2 and this program reads 1/);
  for (const logN of [0, 15, 19, 63, 255]) {
    const costly = Buffer.from(file);
    costly[15] = logN;
    await assert.rejects(openArchive(passphrase, costly), trouble('damaged'), `2^${logN}`);
  }
});
