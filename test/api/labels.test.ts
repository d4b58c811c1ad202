import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpCells } from '../support/dump.ts';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

interface Shared {
  readonly chats: Record<string, { labels?: string[] } | undefined>;
  readonly labels: Record<string, { name: string; color: number; deleted: boolean } | undefined>;
  readonly labelledMessages: readonly { label: string; chat: string; id: string }[];
}
interface Label {
  readonly id: string;
  readonly name: string;
  readonly color: number;
  readonly chats: number;
}

test('labels over HTTP, as the phone of the account has them', async t => {
  const node = await startNode(t, { devices: 1, workers: 1 });
  await node.opened();
  const { simulator } = node;
  const own = node.seeded[0]?.phone ?? '';
  const { phone: friend } = await simulator.createPhone({ name: 'Friend' });
  const chat = `${friend}@s.whatsapp.net`;
  const list = async (query = '') => {
    const { status, body } = await node.api<Label[]>('GET', `/labels${query}`);
    assert.equal(status, 200);
    return body.results ?? [];
  };
  const shared = async () => {
    const { state, refused } = await simulator.call('appState', { params: { phone: own } });
    assert.deepEqual(refused, []);
    return state as unknown as Shared;
  };
  const onPhone = (body: object) =>
    simulator.call('changeAppState', { params: { phone: own }, body: body as never });
  const post = (path: string, body: object) => node.api<Label>('POST', path, body);

  await t.test('made under a number of its own, changed, and listed as they are', async () => {
    assert.deepEqual(await list(), []);
    const made = await post('/label', { name: ' Paid 💶 ', color: 7 });
    assert.deepEqual(made.body, {
      code: 'SUCCESS',
      message: 'Label created',
      results: { id: '1', name: 'Paid 💶', color: 7 },
    });
    assert.deepEqual((await shared()).labels['1'], { name: 'Paid 💶', color: 7, deleted: false });
    assert.equal((await post('/label', { name: 'Late' })).body.results?.id, '2');
    const changed = await node.api<Label>('PATCH', '/label/1', { name: 'Settled' });
    assert.deepEqual(changed.body.results, { id: '1', name: 'Settled', color: 7 });
    assert.deepEqual((await shared()).labels['1'], { name: 'Settled', color: 7, deleted: false });
    assert.deepEqual(await list(), [
      { id: '1', name: 'Settled', color: 7, chats: 0 },
      { id: '2', name: 'Late', color: 1, chats: 0 },
    ]);
  });

  await t.test('put on a chat and a message, found by both ends, and taken off', async () => {
    const { id } = await simulator.send(friend, own, 'bill');
    assert.equal((await post(`/chat/${friend}/label`, { label_id: '1', labeled: true })).status, 200);
    const message = { phone: friend, label_id: '1', labeled: true };
    assert.equal((await post(`/message/${id}/label`, message)).status, 200);
    const { chats, labelledMessages } = await shared();
    assert.deepEqual([chats[chat]?.labels, labelledMessages], [['1'], [{ label: '1', chat, id }]]);
    const both = [
      { label_id: '1', chat_id: chat },
      { label_id: '1', chat_id: chat, message_id: id },
    ];
    assert.deepEqual((await node.api('GET', '/label/1/chats')).body.results, both);
    assert.deepEqual((await node.api('GET', `/chat/${chat}/labels`)).body.results, both);
    assert.equal((await list())[0]?.chats, 1);
    await post(`/chat/${chat}/label`, { label_id: '1', labeled: false });
    await post(`/message/${id}/label`, { ...message, labeled: false });
    assert.deepEqual((await node.api('GET', '/label/1/chats')).body.results, []);
    const after = await shared();
    assert.deepEqual([after.chats[chat]?.labels, after.labelledMessages], [undefined, []]);
  });

  await t.test('what the person does on the phone is in the lists', async () => {
    await onPhone({ kind: 'label', id: '9', name: 'From the phone', color: 3 });
    await onPhone({ kind: 'labelChat', label: '9', chat });
    await until(async () => (await list()).find(({ id }) => id === '9')?.chats === 1);
    assert.equal((await post('/label', { name: 'Next' })).body.results?.id, '10');
    await onPhone({ kind: 'label', id: '9', name: 'From the phone', color: 3, deleted: true });
    await until(async () => !(await list()).some(({ id }) => id === '9'));
    assert.deepEqual((await node.api('GET', '/label/9/chats')).body.results, []);
  });

  await t.test('deleted for all devices; what is not there is no label', async () => {
    const gone = await node.api('DELETE', '/label/10');
    assert.deepEqual([gone.status, gone.body.message], [200, 'Label deleted']);
    assert.equal((await shared()).labels['10']?.deleted, true);
    for (const [method, path, body] of [
      ['DELETE', '/label/10', undefined],
      ['PATCH', '/label/77', { name: 'x' }],
      ['POST', `/chat/${chat}/label`, { label_id: '77', labeled: true }],
    ] as const) {
      const { status, body: answer } = await node.api(method, path, body);
      assert.deepEqual([status, answer.code], [404, 'WA_NOT_FOUND'], `${method} ${path}`);
    }
    for (const wrong of [{ name: '' }, { name: 'x', color: 20 }, { name: 'x'.repeat(101) }]) {
      const { status, body } = await post('/label', wrong);
      assert.deepEqual([status, body.code], [400, 'VALIDATION_ERROR']);
    }
  });

  await t.test('at most twenty, as WhatsApp has it', async () => {
    const missing = 20 - (await list()).length;
    for (let n = 0; n < missing; n++) assert.equal((await post('/label', { name: `n${n}` })).status, 200);
    const { status, body } = await post('/label', { name: 'one too many' });
    assert.deepEqual([status, body.code], [409, 'WA_CONFLICT']);
  });

  await t.test('they outlive a restart, sealed; what was lost is asked for anew', async () => {
    const before = await list();
    for (const { column, value } of await dumpCells(node.sql))
      assert.ok(!value.includes('Settled'), `${column} has the name of a label`);
    await node.restart();
    await node.opened();
    assert.deepEqual(await list(), before);
    await node.sql`delete from label`;
    assert.deepEqual(await list(), []);
    assert.deepEqual(await list('?refresh=true'), before);
    const { status } = await node.api('PATCH', '/label/1', { color: 0 });
    assert.equal(status, 200);
    assert.equal((await shared()).labels['1']?.color, 0);
  });
});
