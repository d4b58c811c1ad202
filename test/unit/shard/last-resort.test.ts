import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOfOneDevice } from '../../../src/shard/last-resort.ts';

/** An error that was thrown through these files. */
function through(...files: string[]): Error {
  const error = new Error('broken');
  error.stack = ['Error: broken', ...files.map(file => `    at work (file:///app/${file}:1:1)`)].join('\n');
  return error;
}

test('an exception that interrupted nothing that devices share is of its device alone', () => {
  const baileys = 'node_modules/@whiskeysockets/baileys/lib/Utils/messages-media.js';
  assert.ok(isOfOneDevice(through(baileys)));
  assert.ok(isOfOneDevice(through('dist/src/device/line/connection.js', baileys)));
  assert.ok(isOfOneDevice(through('node_modules/ws/lib/receiver.js')));
  for (const shared of [
    'node_modules/postgres/src/connection.js',
    'node_modules/lru-cache/dist/esm/index.js',
    'dist/src/store/journal.js',
    'dist/src/journal/journal.js',
    'dist/src/shard/outbox.js',
    'dist/src/lib/group-commit.js',
    'dist/src/device/signal/vault.js',
  ])
    assert.ok(!isOfOneDevice(through(baileys, shared)), shared);
});

test('what has no stack is nobody’s', () => {
  for (const thrown of [null, undefined, 'text', {}, Object.assign(new Error('x'), { stack: undefined })])
    assert.ok(!isOfOneDevice(thrown));
  assert.ok(!isOfOneDevice(through()));
});
