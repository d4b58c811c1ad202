// A device that is unlinked, however that came, and linked again: the chats of an account are nobody's but its own.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { deferred } from '../../src/lib/deferred.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { storedBy } from '../support/stored.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

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
  // What people are called comes apart from their chats.
  const named = async () =>
    (await shown()).every(({ jid, name }) => name !== '' && !jid.startsWith(`${name}@`));
  await until(named, { what: 'the names of all chats' });
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
    const heard = await node.simulator.messages(friend.phone);
    assert.ok(heard.every(({ from }) => !from.startsWith(second)));
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

test('a past that is still on its way when the account is unlinked is not the next one’s', async t => {
  // Between the device and WhatsApp's media host: holds connections back until it is told to let them go.
  const [asked, gate] = [deferred<void>(), deferred<void>()];
  let held = true;
  const world = await startWorld(t);
  const { port: hostPort } = new URL(world.server.mediaUrl);
  const between = createServer(async client => {
    client.on('error', () => {});
    asked.resolve();
    if (held) await gate.promise;
    const host = connect(Number(hostPort), '127.0.0.1').on('error', () => {});
    t.after(() => {
      for (const socket of [client, host]) socket.destroy();
    });
    client.pipe(host).pipe(client);
  });
  between.listen(0, '127.0.0.1');
  await once(between, 'listening');
  t.after(() => between.close());
  const { port } = between.address() as AddressInfo;
  const settings = { WA_MEDIA_URL: world.server.mediaUrl.replace(hostPort, String(port)) };
  const node = await startNode(t, { workers: 1, world, settings });
  await node.simulator.call('setSyncSettings', { body: { blobs: true, inlineBytes: 0 } });
  const [first, second] = [await personWithPast(node, 'first'), await personWithPast(node, 'second')];
  const store = storedBy(node, DEVICE);

  await node.api('POST', '/devices', { device_id: DEVICE });
  await link(node, first);
  await asked.promise;
  await node.simulator.unlink(first);
  await until(() => node.device(DEVICE).phase === 'unlinked');
  held = false;
  await link(node, second);
  const own = (await node.simulator.call('chats', { params: { phone: second } })).map(
    ({ pn, id }) => pn ?? id,
  );
  await until(async () => (await store.chats()).data.length === own.length, {
    what: 'the chats of the second',
  });
  const fetched = async () => {
    const { blobs } = await node.simulator.call('media');
    return blobs.reduce((sum, { downloads }) => sum + downloads, 0);
  };
  const before = await fetched();
  gate.resolve();
  await until(async () => (await fetched()) > before, { what: 'the past of the first is fetched' });
  const friend = await node.simulator.createPhone({ name: 'Friend' });
  for (const text of ['one', 'two', 'three']) {
    const { id } = await node.simulator.send(friend.phone, second, text);
    await store.said(friend.jid, id);
  }
  assert.deepEqual((await store.chats()).data.map(({ jid }) => jid).sort(), [...own, friend.jid].sort());
});
