// Messages that WhatsApp has not acknowledged when the process stops: what is beside them in their stanzas is sent again too.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { BareClient } from '../support/bare-client.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

interface Sent {
  readonly message_id: string;
}

test('edits, revokes, pins, votes, polls, events and statuses are what they were after a restart', async t => {
  const node = await startNode(t, { workers: 1, devices: 1 });
  await node.opened();
  const [linked] = await node.simulator.linkedDevices(1, '1666');
  assert.ok(linked);
  const { phone } = linked;
  const came: BinaryNode[] = [];
  const bare = new BareClient({
    socketUrl: node.server.socketUrl,
    linked,
    // A receipt would say that it has arrived, as the acknowledgement does.
    silent: true,
    onStanza: stanza => void (stanza.tag === 'message' && came.push(stanza)),
  });
  await bare.open;
  const send = async (path: string, body: Record<string, unknown>) => {
    const { status, body: answer } = await node.api<Sent>('POST', path, { phone, ...body });
    assert.equal(status, 200, JSON.stringify(answer));
    return answer.results?.message_id ?? '';
  };
  const text = await send('/send/message', { message: 'hello' });
  const poll = { question: 'q', options: ['a', 'b'], max_answer: 1 };
  const asked = await send('/send/poll', poll);

  const wanted: [string, Record<string, unknown>, Record<string, string>, Record<string, string>?][] = [
    [`/message/${text}/update`, { message: 'hullo' }, { edit: '1', type: 'text' }],
    [`/message/${text}/revoke`, {}, { edit: '7', type: 'text' }],
    [`/message/${text}/pin`, {}, { edit: '2', type: 'text' }],
    [`/message/${text}/reaction`, { emoji: '' }, { edit: '7', type: 'reaction' }],
    [`/message/${asked}/vote`, { options: ['a'] }, { type: 'poll' }, { polltype: 'vote' }],
    ['/send/poll', poll, { type: 'poll' }, { polltype: 'creation' }],
    ['/send/event', { name: 'x', start_time: 1_798_135_200 }, { type: 'event' }, { event_type: 'creation' }],
    ['/send/status', { message: 'sea', recipients: [phone] }, { type: 'text' }],
  ];
  await node.simulator.call('power', { params: { phone }, body: { on: false } });
  await node.simulator.arm('ack.withhold');
  const before = came.length;
  const calls = wanted.map(([path, body]) => send(path, body).catch(() => undefined));
  await until(() => came.length >= before + wanted.length, { what: 'a copy of each' });
  const first = came.slice(before);
  await node.stop();
  await Promise.all(calls);
  await node.simulator.disarm();
  const again = came.length;
  await node.start();
  await until(() => came.length >= again + wanted.length, { what: 'another copy of each' });
  const second = came.slice(again);

  const beside = ({ attrs, content }: BinaryNode) => {
    const { id, type, edit } = attrs;
    const metas = Array.isArray(content) ? content.filter(({ tag }) => tag === 'meta') : [];
    return { id, type, edit, meta: metas.map(meta => ({ ...meta.attrs })) };
  };
  const byId = (stanzas: BinaryNode[]) =>
    stanzas.map(beside).sort((one, other) => `${one.id}`.localeCompare(`${other.id}`));
  assert.deepEqual(byId(second), byId(first));
  const kinds = (stanzas: { type?: string; edit?: string; meta: unknown }[]) =>
    stanzas.map(({ type, edit, meta }) => JSON.stringify({ type, edit, meta })).sort();
  const expected = wanted.map(([, , attrs, meta]) => ({ ...attrs, meta: meta ? [meta] : [] }));
  assert.deepEqual(kinds(second.map(beside) as never), kinds(expected as never));
  for (const { id } of second.map(beside))
    await until(
      async () =>
        (await node.api<{ status: string }>('GET', `/message/${id}/status`)).body.results?.status !== 'sent',
    );
  assert.equal((await node.simulator.violations()).total, 0);
});
