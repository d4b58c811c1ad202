import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dumpCells } from '../support/dump.ts';
import { journalOf } from '../support/journal.ts';
import { startNode } from '../support/node.ts';
import { storedBy } from '../support/stored.ts';
import { connectProxy, socksProxy } from '../support/tunnels.ts';
import { until } from '../support/until.ts';

type Settings = Record<string, unknown>;

const untouched = {
  proxy_url: '',
  reject_calls: false,
  reject_calls_message: '',
  always_online: false,
  auto_read: false,
  auto_reply: '',
  ignore_groups: false,
  ignore_status: false,
  ignore_channels: false,
  history: 'recent',
  device_name: 'Mac OS',
  browser: '',
  chat_retention_days: null,
  event_retention: null,
};

test('a device is set up over HTTP, and behaves as it was set up', async t => {
  const node = await startNode(t, {
    devices: 2,
    workers: 1,
    settings: { PROXY_ALLOW: '127.0.0.1' },
  });
  await node.opened();
  const { simulator } = node;
  const [own, other] = node.seeded.map(({ phone }) => phone) as [string, string];
  const { phone: friend } = await simulator.createPhone({ name: 'Friend' });
  const { jid: group } = await simulator.call('createGroup', {
    body: { by: friend, subject: 'Cardume', members: [own] },
  });
  const path = (id = 'device-0') => `/devices/${id}/settings`;
  const get = async (id?: string) =>
    (await node.api<{ settings: Settings }>('GET', path(id))).body.results?.settings;
  const patch = (body: Settings, id?: string) =>
    node.api<{ settings: Settings; applies: Record<string, string> }>('PATCH', path(id), body);
  const online = async (phone: string) => (await simulator.call('profile', { params: { phone } })).available;
  const reconnected = async (id: string) => {
    const { since } = node.device(id);
    await node.api('POST', `/devices/${id}/reconnect`);
    await until(() => node.device(id).phase === 'open' && node.device(id).since > since);
  };

  await t.test(
    'what nobody set is as the process has it; what was set stays, and null takes it back',
    async () => {
      const first = await node.api<{ device_id: string; settings: Settings }>('GET', path());
      assert.deepEqual([first.status, first.body.message], [200, 'Device settings']);
      assert.deepEqual(first.body.results, { device_id: 'device-0', settings: untouched });
      const set = await patch({ reject_calls_message: 'Write instead ✍️', history: 'full' });
      assert.equal(set.status, 200);
      assert.deepEqual(set.body.results?.applies, { reject_calls_message: 'now', history: 'next_pairing' });
      const changed = { ...untouched, reject_calls_message: 'Write instead ✍️', history: 'full' };
      assert.deepEqual(set.body.results?.settings, changed);
      await patch({ browser: 'Firefox' });
      await node.restart();
      await node.opened();
      assert.deepEqual(await get(), { ...changed, browser: 'Firefox' });
      assert.deepEqual(await get('device-1'), untouched);
      await patch({ browser: null, history: null, reject_calls_message: null });
      assert.deepEqual(await get(), untouched);
    },
  );

  await t.test('settings of the process are what a device has without its own', async () => {
    await node.restart({
      WHATSAPP_AUTO_MARK_READ: 'true',
      WHATSAPP_AUTO_REJECT_CALL: 'true',
      WHATSAPP_AUTO_REPLY: 'Back soon',
      WHATSAPP_PRESENCE_ON_CONNECT: 'available',
      APP_OS: 'Cardume',
    });
    await node.opened();
    assert.deepEqual(await get(), {
      ...untouched,
      auto_read: true,
      reject_calls: true,
      auto_reply: 'Back soon',
      always_online: true,
      device_name: 'Cardume',
    });
    await until(() => online(own), { what: 'online' });
    await patch({ always_online: false });
    await until(async () => !(await online(own)), { what: 'its own setting counts' });
    await until(() => online(other), { what: 'the other one is as the process has it' });
    await patch({ always_online: null });
    await until(() => online(own), { what: 'as the process has it' });
    await node.restart();
    await node.opened();
    assert.deepEqual([await online(own), await online(other)], [false, false]);
  });

  await t.test('always online: at once, and after each connect', async () => {
    assert.deepEqual((await patch({ always_online: true })).body.results?.applies, { always_online: 'now' });
    await until(() => online(own));
    await reconnected('device-0');
    await until(() => online(own));
    await patch({ always_online: false });
    await until(async () => !(await online(own)));
  });

  await t.test('auto read: who wrote sees that it was read, and only then', async () => {
    const statusOf = async (phone: string, id: string) =>
      (await simulator.messages(phone)).find(one => one.id === id)?.status;
    const { phone: early } = await simulator.createPhone();
    const { id: before } = await simulator.send(early, own, 'before');
    const heard = async () => (await journalOf(node.sql, 'device-0')).map(({ payload }) => payload.id);
    await until(async () => (await heard()).includes(before));
    await patch({ auto_read: true });
    const { id } = await simulator.send(friend, own, 'and now');
    await until(async () => (await statusOf(friend, id)) === 'read', { what: 'read' });
    assert.equal(await statusOf(early, before), 'delivered');
    const { chats } = storedBy(node, 'device-0');
    const unread = async () =>
      Object.fromEntries((await chats()).data.map(chat => [chat.jid.split('@')[0], chat.unread_count]));
    await until(
      async () => {
        const counts = await unread();
        return counts[friend] === 0 && counts[early] === 1;
      },
      { what: 'what was read counts as read in the chats' },
    );
    await patch({ auto_read: false });
  });

  await t.test('calls are rejected, and the caller is told why', async () => {
    const call = () => simulator.call('call', { params: { phone: friend }, body: { to: own } as never });
    const offers = async () =>
      (await journalOf(node.sql, 'device-0'))
        .filter(({ event }) => event === 'call.offer')
        .map(({ payload }) => [payload.call_id, payload.auto_rejected]);
    const partyOf = async (id: string) =>
      (await simulator.call('calls')).find(one => one.id === id)?.parties[own];
    const rings = await call();
    await until(async () => (await offers()).length === 1, { what: 'it rings' });
    await patch({ reject_calls: true, reject_calls_message: 'Please write 🙏' });
    assert.equal(await partyOf(rings.id), 'ringing');
    const { id } = await call();
    await until(async () => (await partyOf(id)) === 'rejected');
    await simulator.waitForMessage(friend, ({ text }) => text === 'Please write 🙏');
    await until(async () => (await offers()).length === 2, { what: 'both calls are told' });
    assert.deepEqual(await offers(), [
      [rings.id, false],
      [id, true],
    ]);
    const { said } = storedBy(node, 'device-0');
    for (const [call, rejected] of await offers()) {
      const { kind, call_metadata } = await said(friend, String(call));
      const { auto_rejected } = JSON.parse(call_metadata ?? '{}') as { auto_rejected?: boolean };
      assert.deepEqual([kind, auto_rejected], ['call', rejected]);
    }
    await patch({ reject_calls: false, reject_calls_message: '' });
  });

  await t.test('an auto reply answers a person once a minute, and never a group', async () => {
    await patch({ auto_reply: 'We are at lunch 🐟' });
    const { phone: asker } = await simulator.createPhone();
    await simulator.send(friend, group, 'to all');
    await simulator.send(asker, own, 'one');
    await simulator.waitForMessage(asker, ({ text }) => text === 'We are at lunch 🐟');
    await simulator.send(asker, own, 'two');
    await patch({ auto_reply: '' });
    await simulator.send(asker, own, 'three');
    const heard = async (text: string) =>
      (await journalOf(node.sql, 'device-0')).some(({ payload }) => payload.body === text);
    for (const text of ['to all', 'one', 'two', 'three']) await until(() => heard(text));
    // What is sent by hand now would come after a second answer.
    await node.sendText('device-0', asker, 'by hand');
    await simulator.waitForMessage(asker, ({ text }) => text === 'by hand');
    const answers = (await simulator.messages(asker)).filter(({ fromMe }) => !fromMe);
    assert.deepEqual(
      answers.map(({ text }) => text),
      ['We are at lunch 🐟', 'by hand'],
    );
    assert.ok((await simulator.messages(friend)).every(({ chat, fromMe }) => chat !== group || fromMe));
  });

  await t.test('of ignored groups nothing is told, and of others everything', async () => {
    await patch({ ignore_groups: true });
    await simulator.send(friend, group, 'ignored');
    await simulator.send(friend, own, 'heard');
    const bodies = async () => (await journalOf(node.sql, 'device-0')).map(({ payload }) => payload.body);
    await until(async () => (await bodies()).includes('heard'));
    await patch({ ignore_groups: false });
    await simulator.send(friend, group, 'heard again');
    await until(async () => (await bodies()).includes('heard again'));
    assert.ok(!(await bodies()).includes('ignored'));
  });

  await t.test(
    'a device that is not linked yet can be set up; the phone sees its name, browser and wish',
    async () => {
      await node.api('POST', '/devices', { device_id: 'fresh' });
      const shown = { device_name: 'Loja do Zé', browser: 'Edge', history: 'full' };
      assert.equal((await patch(shown, 'fresh')).status, 200);
      const phone = await node.pair('fresh');
      const [linked] = (await simulator.devices()).filter(one => one.phone === phone);
      assert.deepEqual(linked?.shownAs, { os: 'Loja do Zé', browser: 'EDGE', fullHistory: true });
    },
  );

  await t.test('with a code the name is one that WhatsApp knows', async () => {
    await node.api('POST', '/devices', { device_id: 'coded' });
    await patch({ device_name: 'Loja do Zé' }, 'coded');
    const { phone } = await simulator.createPhone();
    const { body } = await node.api<{ pair_code: string }>(
      'POST',
      `/devices/coded/login/code?phone=${phone}`,
    );
    await simulator.enterCode(phone, (body.results?.pair_code ?? '').replace('-', ''));
    await node.opened(['coded']);
    const [linked] = (await simulator.devices()).filter(one => one.phone === phone);
    assert.deepEqual(linked?.shownAs, { os: 'Mac OS', browser: 'CHROME', fullHistory: false });
  });

  for (const [kind, start] of [
    ['an HTTP proxy', connectProxy],
    ['a SOCKS5 proxy', socksProxy],
  ] as const)
    await t.test(`through ${kind}: only that way, with its password, which nobody reads again`, async t => {
      const proxy = await start(t);
      const { host } = new URL(node.server.socketUrl);
      const set = await patch({ proxy_url: proxy.url });
      assert.deepEqual(set.body.results?.applies, { proxy_url: 'next_connection' });
      const masked = proxy.url.replace('p4ss', '***');
      assert.equal((await get())?.proxy_url, masked);
      assert.deepEqual(proxy.dug, []);
      await reconnected('device-0');
      assert.deepEqual(proxy.dug, [host]);
      assert.equal((await node.sendText('device-0', friend, `through ${kind}`)).status, 200);
      await simulator.waitForMessage(friend, ({ text }) => text === `through ${kind}`);

      // A dashboard that sends back what it read changes nothing.
      assert.equal((await patch({ proxy_url: masked })).status, 200);
      await reconnected('device-0');
      assert.deepEqual([proxy.dug, proxy.refused], [[host, host], []]);
      const other = await patch({ proxy_url: masked.replace('127.0.0.1', '127.0.0.2') });
      assert.deepEqual([other.status, other.body.code], [400, 'VALIDATION_ERROR']);

      for (const { column, value } of await dumpCells(node.sql))
        for (const secret of ['p4ss', 'Loja do Zé'])
          assert.ok(!value.includes(secret), `${column} has ${secret}`);

      const { logins } = (await simulator.devices()).find(({ phone }) => phone === own) ?? {};
      await proxy.close();
      await until(() => node.device('device-0').phase === 'waiting');
      const { since } = node.device('device-0');
      await node.api('POST', '/devices/device-0/reconnect');
      await until(() => node.device('device-0').phase === 'waiting' && node.device('device-0').since > since);
      assert.equal((await simulator.devices()).find(({ phone }) => phone === own)?.logins, logins);
      await patch({ proxy_url: '' });
      await reconnected('device-0');
    });

  await t.test('how long events are kept is beside the settings, for who takes them out', async () => {
    const kept = async () => {
      const [row] = await node.sql`select event_days, event_payloads from device where id = 'device-0'`;
      return [row?.event_days, row?.event_payloads];
    };
    for (const [value, columns] of [
      ['none', [0, true]],
      ['metadata', [null, false]],
      [30, [30, true]],
      [null, [null, true]],
    ] as const) {
      const answer = await patch({ event_retention: value });
      assert.deepEqual([answer.status, answer.body.results?.settings.event_retention], [200, value]);
      assert.deepEqual(await kept(), columns);
    }
    const form = await fetch(new URL(path(), node.node.url), {
      method: 'PATCH',
      body: new URLSearchParams({ event_retention: '14' }),
    });
    assert.deepEqual([form.status, await kept()], [200, [14, true]]);
    await patch({ event_retention: null });
  });

  await t.test('what cannot be is refused, with the field', async () => {
    const wrong: [Settings, string][] = [
      [{ proxy_url: 'ftp://proxy' }, 'proxy_url'],
      [{ proxy_url: 'proxy:3128' }, 'proxy_url'],
      [{ proxy_url: 'http://proxy/path' }, 'proxy_url'],
      [{ proxy_url: 'socks5://10.0.0.1:1080' }, 'proxy_url'],
      [{ proxy_url: 'http://169.254.169.254' }, 'proxy_url'],
      [{ proxy_url: 'http://[::1]:3128' }, 'proxy_url'],
      [{ proxy_url: 'http://3232235521:3128' }, 'proxy_url'],
      [{ proxy_url: 'socks5://3232235521:1080' }, 'proxy_url'],
      [{ history: 'everything' }, 'history'],
      [{ browser: 'Netscape' }, 'browser'],
      [{ auto_read: 'sometimes' }, 'auto_read'],
      [{ chat_retention_days: -1 }, 'chat_retention_days'],
      [{ chat_retention_days: 1.5 }, 'chat_retention_days'],
      [{ chat_retention_days: 36_501 }, 'chat_retention_days'],
      [{ event_retention: 0 }, 'event_retention'],
      [{ event_retention: 3_651 }, 'event_retention'],
      [{ event_retention: 'all' }, 'event_retention'],
      [{ auto_reply: 'x'.repeat(4_097) }, 'auto_reply'],
      [{ auto_reply: '\0' }, 'auto_reply'],
      [{}, 'body'],
    ];
    for (const [body, field] of wrong) {
      const refused = await patch(body);
      assert.deepEqual([refused.status, refused.body.results], [400, { field }], JSON.stringify(body));
    }
    assert.deepEqual(await get(), untouched);
    const nobody = await node.api('GET', path('nobody'));
    assert.deepEqual([nobody.status, nobody.body.code], [404, 'DEVICE_NOT_FOUND']);
  });
});
