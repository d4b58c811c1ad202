// A device's messages over a change of connections, on a real store and with lines that only count.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../../src/device/line/connection.ts';
import type { Facts } from '../../src/device/receiving/facts.ts';
import { Outgoing, type OutgoingOptions } from '../../src/device/sending/outgoing.ts';
import type { Composed } from '../../src/device/sending/sending.ts';
import { monotonic } from '../../src/lib/deadline.ts';
import { deferred } from '../../src/lib/deferred.ts';
import { until } from '../support/until.ts';
import { quiet } from './signal.ts';
import { deviceStore } from './store.ts';

const CHANNEL = '120363000000000001@newsletter';

function line(name: string, wire: string[]) {
  const made = {
    open: true,
    awaits: () => {},
    giveUp: () => {},
    socket: {
      relayMessage: async (_to: string, _message: unknown, { messageId }: { messageId: string }) =>
        wire.push(`${name} ${messageId}`),
    },
  };
  return made as typeof made & Connection;
}

test('a message whose file took longer than its connection lived is sent on the next one', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const at = await seat();
  const { keys } = open(at);
  let looked = 0;
  const reading = keys.reading.bind(keys);
  keys.reading = async work => reading(work).finally(() => looked++);
  const outgoing = new Outgoing({
    sql,
    seat: at,
    keys: () => keys,
    facts: {
      stored: async () => {},
      step: () => {},
      heard: () => {},
      add: () => {},
    } as Partial<Facts> as Facts,
    caches: { sent: new Map() } as Partial<OutgoingOptions['caches']> as OutgoingOptions['caches'],
    log: quiet,
  });
  const wire: string[] = [];
  const [first, second] = [line('first', wire), line('second', wire)];
  outgoing.resume(first);
  await until(() => looked === 1);
  const uploaded = deferred<Composed>();
  let uploading = false;
  const composed = () => {
    uploading = true;
    return uploaded.promise;
  };
  const sent = outgoing.send(first, { id: 'A1', to: CHANNEL, again: false, composed }, monotonic() + 60_000);
  await until(() => uploading);
  first.open = false;
  outgoing.interrupted(first);
  outgoing.resume(second);
  await until(() => looked === 2, { what: 'the look for what is queued' });
  uploaded.resolve({ message: { conversation: 'a file' } });
  await until(() => wire.length > 0, { what: 'the message on the wire' });
  outgoing.acknowledged('A1', { at: 1 });
  assert.deepEqual(await sent, { messageId: 'A1', at: 1 });
  assert.deepEqual(wire, ['second A1']);
});
