import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const personIn = ({ body }: { body: { results?: Record<string, unknown> } }) =>
  ((body.results?.data ?? []) as Record<string, unknown>[])[0] ?? {};
const pn = (phone: string) => `${phone}@s.whatsapp.net`;

test('the account of a device and other people, over HTTP', async t => {
  const node = await startNode(t, { devices: 2, workers: 1 });
  await node.opened();
  const [own, other] = node.seeded.map(({ phone }) => phone) as [string, string];
  const otherLid = node.seeded[1]?.lid ?? '';
  const { phone: friend } = await node.simulator.createPhone({ name: 'Friend' });
  const { phone: shop } = await node.simulator.createPhone({ name: 'Shop' });
  const { simulator } = node;
  const profile = (phone: string) => simulator.call('profile', { params: { phone } });
  const change = (phone: string, body: object) =>
    simulator.call('changeProfile', { params: { phone }, body: body as never });
  const shared = (phone: string) => simulator.call('appState', { params: { phone } });
  const as = (id: string) => ({ 'X-Device-Id': id });
  const get = <T = Record<string, unknown>>(path: string) =>
    node.api<T>('GET', path, undefined, as('device-0'));
  const post = <T = Record<string, unknown>>(path: string, body?: unknown) =>
    node.api<T>('POST', path, body, as('device-0'));

  await t.test('info tells about, picture, verified name and devices', async () => {
    await change(other, { about: 'At the beach 🏖' });
    await simulator.call('setPicture', { params: { phone: other }, bytes: new Uint8Array([1, 2, 3]) });
    await simulator.call('setBusiness', {
      params: { phone: other },
      body: { verifiedName: 'Praia Lda' } as never,
    });
    const { status, body } = await get(`/user/info?phone=${other}`);
    assert.deepEqual([status, body.code, body.message], [200, 'SUCCESS', 'Success get user info']);
    const { picture = '' } = await profile(other);
    const [{ status_at, ...results } = {}] = (body.results?.data ?? []) as Record<string, unknown>[];
    assert.ok(Date.parse(String(status_at)) > 0);
    const device = (no: number) => ({
      User: other,
      Agent: 0,
      Device: String(no),
      Server: 's.whatsapp.net',
      AD: `${other}.0:${no}@s.whatsapp.net`,
    });
    assert.equal(body.results?.resolved_lid, otherLid.replace(/:\d+@/, '@'));
    assert.deepEqual(results, {
      name: '',
      verified_name: 'Praia Lda',
      status: 'At the beach 🏖',
      picture_id: picture.split('/').at(-1),
      devices: [device(0), device(1)],
    });
  });

  await t.test('info of a LID, of what is hidden, and of nobody', async () => {
    const lid = otherLid.replace(/:\d+@/, '@');
    const byLid = await get(`/user/info?phone=${encodeURIComponent(lid)}`);
    assert.equal(personIn(byLid).status, 'At the beach 🏖');
    await change(friend, { privacy: { status: 'none', profile: 'none' } });
    const hidden = personIn(await get(`/user/info?phone=${pn(friend)}`));
    assert.deepEqual([hidden.status, hidden.picture_id, hidden.verified_name], ['', '', '']);
    const nobody = await get('/user/info?phone=15550009999');
    assert.deepEqual([nobody.status, nobody.body.code], [400, 'INVALID_JID']);
    const group = await get('/user/info?phone=120363040000000000');
    assert.deepEqual([group.status, group.body.code], [400, 'INVALID_JID']);
    const missing = await get('/user/info');
    assert.deepEqual([missing.status, missing.body.message], [400, 'phone: is required.']);
  });

  await t.test(
    'a picture has its URL, id and type; none, a hidden one and a limit are told apart',
    async () => {
      const { status, body } = await get<{ url: string; id: string; type: string }>(
        `/user/avatar?phone=${other}&is_preview=true`,
      );
      assert.deepEqual([status, body.message, body.results?.type], [200, 'Success get avatar', 'preview']);
      const bytes = await (await fetch(body.results?.url ?? '')).arrayBuffer();
      assert.deepEqual([...new Uint8Array(bytes)], [1, 2, 3]);
      assert.equal((await get(`/user/avatar?phone=${other}`)).body.results?.type, 'image');
      const hidden = await get(`/user/avatar?phone=${friend}`);
      assert.deepEqual([hidden.status, hidden.body.code], [403, 'WA_FORBIDDEN']);
      const none = await get(`/user/avatar?phone=${shop}`);
      assert.deepEqual([none.status, none.body.message], [404, 'There is no picture.']);
      await simulator.arm('iq.rate-overlimit', { filter: { xmlns: 'w:profile:picture' } } as never);
      const limited = await get(`/user/avatar?phone=${shop}`);
      await simulator.disarm();
      assert.deepEqual([limited.status, limited.body.code], [429, 'WA_RATE_LIMITED']);
    },
  );

  await t.test('the own picture is cut to a square for everybody, and removed', async () => {
    const image = await sharp({ create: { width: 900, height: 300, channels: 3, background: '#1e90ff' } })
      .png()
      .toBuffer();
    const upload = async (name: string, bytes: Uint8Array) => {
      const form = new FormData();
      form.set(name, new Blob([new Uint8Array(bytes)], { type: 'image/png' }), 'me.png');
      const headers = as('device-0');
      const response = await fetch(new URL('/user/avatar', node.node.url), {
        method: 'POST',
        headers,
        body: form,
      });
      return { status: response.status, ...((await response.json()) as { code: string; message: string }) };
    };
    const set = await upload('avatar', image);
    assert.deepEqual([set.status, set.message], [200, 'Success change avatar']);
    const { picture = '' } = await profile(own);
    const seen = await sharp(Buffer.from(await (await fetch(picture)).arrayBuffer())).metadata();
    assert.deepEqual([seen.format, seen.width, seen.height], ['jpeg', 640, 640]);
    const wrong = await upload('avatar', Buffer.from('no picture'));
    assert.deepEqual([wrong.status, wrong.code], [415, 'UNSUPPORTED_MEDIA_TYPE']);
    assert.deepEqual((await upload('picture', image)).status, 400);
    const { status, body } = await node.api('DELETE', '/user/avatar', undefined, as('device-0'));
    assert.deepEqual([status, body.message], [200, 'Success remove avatar']);
    assert.equal((await profile(own)).picture, undefined);
  });

  await t.test(
    'the push name is changed for the phone, for receivers and for the lists, and the device stays offline',
    async () => {
      const { status, body } = await post('/user/pushname', { push_name: ' Ana Peixe ' });
      assert.deepEqual([status, body.message], [200, 'Success change push name']);
      const { state, refused } = await shared(own);
      assert.equal((state as { pushName?: string }).pushName, 'Ana Peixe');
      assert.deepEqual(refused, []);
      await until(() => node.device('device-0').name === 'Ana Peixe');
      await until(async () => (await profile(own)).name === 'Ana Peixe');
      assert.equal((await profile(own)).available, false);
      const [row] = await node.sql<{ name: string }[]>`select name from device where id = 'device-0'`;
      assert.equal(row?.name, 'Ana Peixe');
      const blank = await post('/user/pushname', { push_name: '  ' });
      assert.deepEqual([blank.status, blank.body.message], [400, 'push_name: cannot be blank.']);
    },
  );

  await t.test('the about is changed, and may be emptied', async () => {
    assert.equal((await post('/user/about', { about: 'Gone fishing 🎣' })).status, 200);
    assert.equal((await profile(own)).about, 'Gone fishing 🎣');
    assert.equal((await post('/user/about', { about: '' })).status, 200);
    assert.equal((await profile(own)).about, '');
    const long = await post('/user/about', { about: 'x'.repeat(140) });
    assert.deepEqual([long.status, long.body.code], [400, 'VALIDATION_ERROR']);
  });

  await t.test("privacy is read in gowa's words, and written setting by setting", async () => {
    const before = await get('/user/my/privacy');
    assert.deepEqual([before.status, before.body.message], [200, 'Success get privacy']);
    assert.deepEqual(before.body.results, {
      group_add: 'all',
      last_seen: 'all',
      status: 'all',
      profile: 'all',
      read_receipts: 'all',
      online: 'all',
      call_add: 'all',
      messages: 'all',
      default_timer_seconds: 0,
    });
    const wanted = {
      group_add: 'contacts',
      last_seen: 'none',
      status: 'contacts',
      profile: 'contacts',
      read_receipts: 'none',
      online: 'match_last_seen',
      call_add: 'known',
      messages: 'contacts',
      default_timer_seconds: 604_800,
    };
    const patch = (body: object) => node.api('PATCH', '/user/my/privacy', body, as('device-0'));
    const after = await patch({ ...wanted, disable_link_previews: true });
    assert.deepEqual([after.status, after.body.results], [200, wanted]);
    const { privacy, disappearing } = await profile(own);
    assert.deepEqual(
      [privacy.groupadd, privacy.last, privacy.online, privacy.readreceipts, privacy.calladd, disappearing],
      ['contacts', 'none', 'match_last_seen', 'none', 'known', 604_800],
    );
    const { state } = await shared(own);
    assert.equal(
      (state as { settings: { linkPreviewsDisabled?: boolean } }).settings.linkPreviewsDisabled,
      true,
    );
    const wrong = await patch({ online: 'sometimes' });
    assert.deepEqual([wrong.status, wrong.body.code], [400, 'VALIDATION_ERROR']);
    const nothing = await patch({ online: null, status: '' });
    assert.deepEqual([nothing.status, nothing.body.code], [400, 'VALIDATION_ERROR']);
  });

  await t.test(
    'a setting that is refused ends the change, and the answer names those that were written',
    async () => {
      await simulator.arm('iq.error', {
        filter: { xmlns: 'disappearing_mode' },
        params: { code: '400', text: 'bad-request' },
      } as never);
      const body = { last_seen: 'all', default_timer_seconds: 0 };
      const refused = await node.api('PATCH', '/user/my/privacy', body, as('device-0'));
      await simulator.disarm();
      assert.deepEqual(
        [refused.status, refused.body.code, refused.body.results],
        [422, 'WA_BAD_REQUEST', { error: 400, failed: 'timer', changed: ['last'] }],
      );
      assert.equal((await profile(own)).privacy.last, 'all');
    },
  );

  await t.test('numbers are checked, alone and many in one request', async () => {
    const known = await get(`/user/check?phone=%2B${other}`);
    assert.deepEqual(
      [known.body.message, known.body.results],
      ['Success check user', { is_on_whatsapp: true }],
    );
    assert.deepEqual((await get('/user/check?phone=15550009999')).body.results, { is_on_whatsapp: false });
    await simulator.call('setLimits', { body: { usync: 1 } });
    const many = await post('/user/check', { phones: [other, '15550009999', `+${shop}`, other] });
    const limited = await post('/user/check', { phones: [other] });
    await simulator.call('setLimits', { body: { usync: null } });
    assert.deepEqual([limited.status, limited.body.code], [429, 'WA_RATE_LIMITED']);
    const lid = otherLid.replace(/:\d+@/, '@');
    const yes = { phone: other, is_on_whatsapp: true, jid: pn(other), lid };
    const [first, second, third, fourth] = (many.body.results ?? []) as unknown as Record<string, unknown>[];
    assert.deepEqual([first, fourth], [yes, yes]);
    assert.deepEqual(second, { phone: '15550009999', is_on_whatsapp: false });
    assert.deepEqual([third?.jid, third?.is_on_whatsapp], [pn(shop), true]);
    const flood = await post('/user/check', { phones: Array.from({ length: 501 }, () => other) });
    assert.deepEqual([flood.status, flood.body.message], [400, 'phones: must be at most 500 entries.']);
    const wrong = await post('/user/check', { phones: [other, '0800'] });
    assert.deepEqual([wrong.status, wrong.body.results], [400, { field: 'phones.1' }]);
  });

  await t.test('people are blocked by number, listed, and may write again', async () => {
    const list = async () => (await get('/user/blocklist')).body.results;
    assert.deepEqual(await list(), []);
    const { status, body } = await post('/user/block', { phone: friend });
    assert.deepEqual([status, body.message], [200, 'Success block user']);
    assert.deepEqual((await profile(own)).blocked, [friend]);
    const [blocked] = (await list()) as unknown as { jid: string; lid: string }[];
    assert.equal(blocked?.jid, pn(friend));
    assert.match(blocked?.lid ?? '', /@lid$/);
    await simulator.send(friend, own, 'while blocked');
    assert.equal((await post('/user/unblock', { phone: blocked?.lid })).status, 200);
    assert.deepEqual(await list(), []);
    assert.deepEqual((await profile(own)).blocked, []);
    const self = await post('/user/block', { phone: own });
    assert.deepEqual([self.status, self.body.code], [422, 'WA_BAD_REQUEST']);
    const nobody = await post('/user/block', { phone: '15550009999' });
    assert.deepEqual([nobody.status, nobody.body.code], [400, 'INVALID_JID']);
  });

  await t.test(
    'a contact is saved, renamed, removed and saved again, and the phone believes each step',
    async () => {
      const contacts = async () => {
        const { state, refused } = await shared(own);
        assert.deepEqual(refused, []);
        return (state as { contacts: Record<string, { fullName?: string; firstName?: string }> }).contacts;
      };
      const body = { phone: friend, full_name: 'Zé das Couves', first_name: 'Zé' };
      assert.equal((await post('/user/contact', body)).status, 200);
      const saved = (await contacts())[pn(friend)];
      assert.deepEqual([saved?.fullName, saved?.firstName], ['Zé das Couves', 'Zé']);
      assert.equal((await post('/user/contact', { phone: friend, full_name: 'José' })).status, 200);
      assert.equal((await contacts())[pn(friend)]?.fullName, 'José');
      assert.equal((await post('/user/contact/remove', { phone: friend })).status, 200);
      assert.equal((await contacts())[pn(friend)], undefined);
      const twice = await post('/user/contact/remove', { phone: friend });
      assert.deepEqual([twice.status, twice.body.code], [404, 'WA_NOT_FOUND']);
      assert.equal((await post('/user/contact', body)).status, 200);
      assert.equal((await contacts())[pn(friend)]?.fullName, 'Zé das Couves');
    },
  );

  await t.test("a business profile in gowa's fields, and what it sells; a person has none", async () => {
    await simulator.call('setBusiness', {
      params: { phone: shop },
      body: {
        verifiedName: 'Loja',
        address: 'Rua Augusta 1',
        email: 'loja@example.com',
        description: 'Peixe fresco',
        websites: ['https://example.com'],
        categories: [{ id: '7', name: 'Fishmonger' }],
        hours: {
          timezone: 'Europe/Lisbon',
          days: [
            { day: 'mon', mode: 'specific_hours', open: 540, close: 1110 },
            { day: 'sun', mode: 'open_24h' },
          ],
        },
      } as never,
    });
    const { status, body } = await get(`/user/business-profile?phone=${shop}`);
    assert.deepEqual([status, body.message], [200, 'Success get business profile']);
    assert.deepEqual(body.results, {
      jid: pn(shop),
      email: 'loja@example.com',
      address: 'Rua Augusta 1',
      categories: [{ id: '7', name: 'Fishmonger' }],
      profile_options: { description: 'Peixe fresco', website: 'https://example.com' },
      business_hours_timezone: 'Europe/Lisbon',
      business_hours: [
        { day_of_week: 'mon', mode: 'specific_hours', open_time: '09:00', close_time: '18:30' },
        { day_of_week: 'sun', mode: 'open_24h', open_time: '', close_time: '' },
      ],
    });
    const product = {
      name: 'Sardinha',
      description: 'Do dia',
      price: 12_500,
      currency: 'EUR',
      retailerId: 'S1',
    };
    const ids: string[] = [];
    for (const name of ['Sardinha', 'Polvo', 'Dourada']) {
      const made = await simulator.call('addProduct', {
        params: { phone: shop },
        body: { ...product, name },
      });
      ids.push(made.id);
    }
    await simulator.call('addCollection', {
      params: { phone: shop },
      body: { name: 'Grelha', products: ids.slice(0, 1) },
    });
    interface Page {
      products: { name: string }[];
      next?: string;
    }
    const first = await get<Page>(`/user/business-catalog?phone=${shop}&limit=2`);
    const {
      url: _,
      image_url: __,
      ...sardine
    } = (first.body.results?.products[0] ?? {}) as Record<string, unknown>;
    assert.deepEqual(sardine, {
      id: ids[0],
      name: 'Sardinha',
      description: 'Do dia',
      price: 12_500,
      currency: 'EUR',
      retailer_id: 'S1',
      is_hidden: false,
    });
    const rest = await get<Page>(
      `/user/business-catalog?phone=${shop}&limit=2&after=${first.body.results?.next}`,
    );
    assert.deepEqual(
      [...(first.body.results?.products ?? []), ...(rest.body.results?.products ?? [])].map(
        ({ name }) => name,
      ),
      ['Sardinha', 'Polvo', 'Dourada'],
    );
    assert.equal(rest.body.results?.next, undefined);
    const collections = await get<(Page & { name: string })[]>(`/user/business-collections?phone=${shop}`);
    assert.deepEqual(
      collections.body.results?.map(({ name, products }) => [name, products.map(one => one.name)]),
      [['Grelha', ['Sardinha']]],
    );
    assert.equal((await get(`/user/business-catalog?phone=${shop}&limit=0`)).status, 400);

    const person = await get(`/user/business-profile?phone=${friend}`);
    assert.deepEqual([person.status, person.body.code], [404, 'WA_NOT_FOUND']);
  });
});
