import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { Failure } from '../../src/errors.ts';
import { commitState } from '../../src/store/commit.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createDevice } from '../../src/store/devices.ts';
import { unsettled } from '../../src/supervisor/unsettled.ts';
import { testDatabase } from '../support/database.ts';

const command = { do: 'send-text', input: { id: '3EB0A', to: '15550000001@s.whatsapp.net', text: 'hi' } };
const restarting = () => new Failure('SHARD_UNAVAILABLE');

test('a message that its dead thread made durable is queued, one that it did not was not sent', async t => {
  const { sql } = await testDatabase(t);
  const owner = randomUUID();
  const { no } = await createDevice(sql, 'a', owner);
  const error = restarting();
  assert.equal(await unsettled(sql, no, command, error), error);

  const row = { deviceNo: no, epoch: 1, id: '3EB0A', chat: command.input.to, message: Buffer.of(1) };
  assert.deepEqual(
    await commitState(sql, owner, { upserts: [], deletes: [], credentials: [], outgoing: [row] }),
    new Set(),
  );
  const queued = await unsettled(sql, no, command, error);
  assert.ok(queued instanceof Failure);
  assert.equal(queued.code, 'GATEWAY_TIMEOUT');
  assert.deepEqual(queued.results, { message_id: '3EB0A', status: 'queued' });
  assert.equal(queued.cause, error);
});

test('when the database does not say, neither does the answer', async () => {
  const sql = openDatabase({
    address: { url: 'postgres://nobody@127.0.0.1:1/none' },
    connections: 1,
    name: 'away',
  });
  const unknown = await unsettled(sql, 1, command, restarting());
  await sql.end({ timeout: 0 });
  assert.ok(unknown instanceof Failure);
  assert.equal(unknown.code, 'GATEWAY_TIMEOUT');
  assert.deepEqual(unknown.results, { message_id: '3EB0A' });
});

test('what is no message, and what WhatsApp said, stays as it is', async () => {
  const refused = new Failure('MESSAGE_REFUSED');
  assert.equal(await unsettled(undefined as never, 1, command, refused), refused);
  const error = restarting();
  assert.equal(await unsettled(undefined as never, 1, { do: 'pair', input: {} }, error), error);
});
