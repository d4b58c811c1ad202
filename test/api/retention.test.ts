// How long what was said is kept: by the process, by the device.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode } from '../support/node.ts';
import { storedBy } from '../support/stored.ts';
import { until } from '../support/until.ts';

const DAY = 86_400_000;

test('a device keeps messages for as many days as it is told, another as many as the process', async t => {
  const node = await startNode(t, { workers: 1, settings: { CHAT_RETENTION_DAYS: '20' } });
  const { simulator } = node;
  const pair = async (id: string) => {
    const { phone } = await simulator.createPhone();
    const past = { seed: id, chats: 3, groups: 0, messagesPerChat: 40, addressing: 'pn', days: 60 };
    await simulator.call('addHistory', { params: { phone }, body: past as never });
    await node.api('POST', '/devices', { device_id: id });
    const { body } = await node.api<{ qr: string }>('POST', '/device/login', { device_id: id });
    await simulator.scan(body.results?.qr ?? '', phone);
    await node.opened([id]);
    return phone;
  };
  const set = async (days: number | null, id = 'own') => {
    const answer = await node.api<{ settings: { chat_retention_days: number | null } }>(
      'PATCH',
      `/devices/${id}/settings`,
      { chat_retention_days: days },
    );
    assert.equal(answer.status, 200, answer.body.message);
    return answer.body.results?.settings.chat_retention_days;
  };
  const own = await pair('own');
  await pair('usual');
  assert.equal(await set(null), 20, 'what the process has');
  /** Days of age of the messages of a device, from the oldest. */
  const ages = async (id: string) => {
    const rows = await node.sql<{ age: number }[]>`
      select extract(epoch from now() - m.at) * 1000 as age
        from chat_message m join device d on d.no = m.device_no where d.id = ${id} order by m.at`;
    return rows.map(({ age }) => Number(age) / DAY);
  };
  for (const id of ['own', 'usual'])
    await until(async () => (await ages(id)).length >= 60, { what: `the past of ${id}`, within: 30_000 });

  assert.equal(await set(40), 40);
  // Old ones are taken out at the start, and every ten minutes.
  await node.restart();
  await node.opened();
  await until(async () => (await ages('own'))[0]! < 40 && (await ages('usual'))[0]! < 20, {
    what: 'old messages are gone',
  });
  assert.ok((await ages('own'))[0]! > 20, 'its own days are more than those of the process');

  assert.equal(await set(0), 0);
  const { chats, messages, ask } = storedBy(node, 'own');
  const { phone, jid } = await simulator.createPhone({ name: 'Ann' });
  await simulator.send(phone, own, 'not kept');
  await until(async () => (await chats()).data.some(chat => chat.jid === jid), { what: 'the chat' });
  assert.deepEqual((await messages(jid)).data, []);
  assert.equal(await set(30), 30);
  await simulator.send(phone, own, 'kept');
  await until(async () => (await messages(jid)).data.some(({ content }) => content === 'kept'));
  assert.deepEqual(
    (await messages(jid)).data.map(({ content }) => content),
    ['kept'],
  );
  assert.equal((await ask('/devices/own/settings')).status, 200);
});

test('a process that keeps nothing keeps what a device of its own is told to', async t => {
  const node = await startNode(t, { workers: 1, devices: 1, settings: { CHAT_RETENTION_DAYS: '0' } });
  await node.opened();
  const [{ id, phone: own }] = node.seeded as [(typeof node.seeded)[0]];
  const { messages, said } = storedBy(node, id);
  const { phone, jid } = await node.simulator.createPhone({ name: 'Ann' });
  await node.simulator.send(phone, own, 'not kept');
  await until(async () => (await node.sql`select from chat`).length === 1, { what: 'the chat' });
  assert.deepEqual((await messages(jid)).data, []);
  await node.api('PATCH', `/devices/${id}/settings`, { chat_retention_days: 7 });
  const kept = await node.simulator.send(phone, own, 'kept');
  assert.equal((await said(jid, kept.id)).content, 'kept');
});
