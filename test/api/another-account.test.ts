// A device that is unlinked, however that came, and linked again: the chats of an account are nobody's but its own.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNode, type TestNode } from '../support/node.ts';
import { storedBy } from '../support/stored.ts';
import { until } from '../support/until.ts';

const DEVICE = 'sales';
const ofDevice = { 'x-device-id': DEVICE };

const past = (seed: string) =>
  ({ seed, chats: 3, groups: 1, messagesPerChat: 4, addressing: 'lid', days: 9 }) as never;

async function personWithPast({ simulator }: TestNode, seed: string): Promise<string> {
  const { phone } = await simulator.createPhone({ name: seed });
  await simulator.call('addHistory', { params: { phone }, body: past(seed) });
  return phone;
}

async function link(node: TestNode, phone: string): Promise<void> {
  const { body } = await node.api<{ qr: string }>('POST', '/device/login', { device_id: DEVICE });
  await node.simulator.scan(body.results?.qr ?? '', phone);
  await node.opened([DEVICE]);
}

/** The chats as the phone has them, with how they stand. */
async function chatsOn({ simulator }: TestNode, phone: string): Promise<string[]> {
  const chats = await simulator.call('chats', { params: { phone } });
  return chats.map(({ pn, id, archived, unread }) => [pn ?? id, archived, unread].join()).sort();
}

test('whoever is linked next sees nothing of the account before, and all of their own', async t => {
  const node = await startNode(t, { workers: 1 });
  const store = storedBy(node, DEVICE);
  const shown = async () => {
    const { data } = await store.get<{
      data: { jid: string; archived: boolean; unread_count: number; name: string }[];
    }>('/chats', { limit: 100 });
    return data;
  };
  const standing = async () =>
    (await shown()).map(({ jid, archived, unread_count }) => [jid, archived, unread_count].join()).sort();
  const complete = async (phone: string) => {
    const wanted = await chatsOn(node, phone);
    await until(
      async () => {
        assert.deepEqual(await standing(), wanted);
        return true;
      },
      { what: 'all chats as the phone has them', within: 30_000 },
    );
  };
  const empty = async () => {
    const [row] = await node.sql<[Record<string, number>]>`
      select (select count(*)::int from chat) as chats, (select count(*)::int from chat_message) as messages,
             (select count(*)::int from contact) as contacts, (select count(*)::int from label) as labels`;
    assert.deepEqual({ ...row }, { chats: 0, messages: 0, contacts: 0, labels: 0 });
    return true;
  };
  const [first, second] = [await personWithPast(node, 'first'), await personWithPast(node, 'second')];

  await node.api('POST', '/devices', { device_id: DEVICE });
  await link(node, first);
  await complete(first);
  const before = await shown();
  const friend = await node.simulator.createPhone({ name: 'Friend' });
  const { id: said } = await node.simulator.send(friend.phone, first, 'the secret of the first');
  await store.said(friend.jid, said);
  const sent = await node.sendText(DEVICE, friend.phone, 'the answer of the first');
  const answer = (sent.body.results as { message_id?: string } | undefined)?.message_id ?? '';
  await store.said(friend.jid, answer);

  await t.test('the phone unlinks it: everything is forgotten', async () => {
    await node.simulator.unlink(first);
    await until(() => node.device(DEVICE).phase === 'unlinked');
    await until(empty, { what: 'nothing is left' });
  });

  await t.test('another account has its own chats, and none of the first', async () => {
    await link(node, second);
    await complete(second);
    const now = await shown();
    const own = new Set(await chatsOn(node, second));
    assert.ok(own.size > 0);
    for (const { jid } of before)
      if (!now.some(chat => chat.jid === jid)) assert.equal((await store.ask(`/chat/${jid}`)).status, 404);
    assert.equal((await store.ask(`/chat/${friend.jid}/messages`)).status, 404);
    assert.deepEqual((await store.search('of the first')).data, []);
    const { data: contacts } = await store.get<{ data: { jid: string }[] }>('/user/my/contacts');
    assert.ok(contacts.every(({ jid }) => jid !== friend.jid));
  });

  await t.test('nor can it name a message of the first, to send it on or to fetch it', async () => {
    for (const id of [said, answer]) {
      const forwarded = await node.api('POST', `/message/${id}/forward`, { phone: friend.phone }, ofDevice);
      assert.deepEqual([forwarded.status, forwarded.body.code], [404, 'MESSAGE_NOT_FOUND'], id);
    }
    assert.ok(
      (await node.simulator.messages(friend.phone)).every(
        ({ text, from }) => from.startsWith(first) || !text.includes('first'),
      ),
    );
  });

  await t.test('the first account again, after a logout: as if it were the first time', async () => {
    assert.equal((await node.api('GET', '/app/logout', undefined, ofDevice)).status, 200);
    await until(() => node.device(DEVICE).phase === 'unlinked');
    await until(empty, { what: 'nothing is left' });
    await link(node, first);
    await complete(first);
    const names = (chats: { jid: string; name: string }[]) =>
      chats
        .filter(({ jid }) => before.some(chat => chat.jid === jid))
        .map(({ jid, name }) => `${jid} ${name}`)
        .sort();
    await until(
      async () => {
        assert.deepEqual(names(await shown()), names(before));
        return true;
      },
      { what: 'everybody is called as before' },
    );
  });
});
