// Business accounts: the profile, the verified name, the catalogue, orders.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { type BinaryNode, getBinaryNodeChild, proto } from '@whiskeysockets/baileys';
import { clientOptions, startSimulator } from '../../src/simulator/index.ts';
import { until } from '../support/until.ts';
import { driver, linkedClients, simulator, tameClients } from './client.ts';
import { pn } from './jids.ts';

tameClients();

const SERVER = '@s.whatsapp.net';

const BAKERY = {
  verifiedName: 'The Bakery',
  address: '1 High Street',
  email: 'bread@example.org',
  description: 'bread and more',
  websites: ['https://bakery.example'],
  categories: [{ id: '133436743388217', name: 'Bakery' }],
  hours: {
    timezone: 'Europe/Berlin',
    days: [
      { day: 'mon', mode: 'specific_hours', open: 420, close: 1_080 },
      { day: 'sun', mode: 'appointment_only' },
    ],
  },
};

test('a business profile is read by others as it was set, and a person has none', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.post('/admin/phones', { phone: '15550061' });
  assert.equal(await alice.sock.getBusinessProfile(pn('15550061')), undefined);
  await server.put('/admin/phones/15550061/business', BAKERY);
  const profile = await alice.sock.getBusinessProfile(pn('15550061'));
  assert.ok(profile);
  const { business_hours: hours, ...said } = profile;
  assert.deepEqual(said, {
    wid: pn('15550061'),
    address: '1 High Street',
    description: 'bread and more',
    website: ['https://bakery.example'],
    email: 'bread@example.org',
    category: 'Bakery',
  });
  assert.equal(hours.timezone, 'Europe/Berlin');
  assert.deepEqual(
    hours.business_config?.map(one => ({ ...one })),
    [
      { day_of_week: 'mon', mode: 'specific_hours', open_time: '420', close_time: '1080' },
      { day_of_week: 'sun', mode: 'appointment_only' },
    ],
  );
});

test('a companion changes the business profile field by field; a person may not, and nonsense changes nothing', async t => {
  const server = await simulator(t);
  const [shop, guest] = await linkedClients(t, server, { count: 2 });
  assert.ok(shop && guest);
  await server.put(`/admin/phones/${shop.phone}/business`, BAKERY);
  await server.put(`/admin/phones/${guest.phone}/profile`, { contacts: [shop.phone] });
  const told: BinaryNode[] = [];
  guest.sock.ws.on('CB:notification,type:business', (node: BinaryNode) => told.push(node));
  await shop.sock.updateBussinesProfile({
    description: 'bread only',
    hours: { timezone: 'UTC', days: [{ day: 'fri', mode: 'open_24h' }] },
  });
  const changed = await guest.sock.getBusinessProfile(pn(shop.phone));
  assert.deepEqual(
    [changed?.description, changed?.address, changed?.business_hours.timezone],
    ['bread only', '1 High Street', 'UTC'],
  );
  await until(() => told.length === 1, { what: 'a notification' });
  await assert.rejects(guest.sock.updateBussinesProfile({ description: 'me too' }), /forbidden/);
  await assert.rejects(
    shop.sock.updateBussinesProfile({
      address: 'elsewhere',
      hours: { timezone: 'UTC', days: [{ day: 'someday' as never, mode: 'open_24h' }] },
    }),
    /bad-request/,
  );
  assert.equal((await guest.sock.getBusinessProfile(pn(shop.phone)))?.address, '1 High Street');
  await shop.sock.updateBussinesProfile({ address: '' });
  assert.equal((await guest.sock.getBusinessProfile(pn(shop.phone)))?.address, undefined);
});

test('a cover photo goes to the media host, is set by the id that it gets there, and removed by it', async t => {
  const server = await simulator(t);
  const [shop] = await linkedClients(t, server, { count: 1 }, clientOptions(server));
  assert.ok(shop);
  await server.put(`/admin/phones/${shop.phone}/business`, {});
  const cover = async () =>
    (await server.get<{ coverPhoto?: string }>(`/admin/phones/${shop.phone}/business`)).coverPhoto;
  const id = String(await shop.sock.updateCoverPhoto(Buffer.from('ffd8ffe0', 'hex')));
  assert.equal(await cover(), id);
  await shop.sock.removeCoverPhoto(`${id}0`);
  assert.equal(await cover(), id);
  await shop.sock.removeCoverPhoto(id);
  assert.equal(await cover(), undefined);
});

test('a phone can be made as a business', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.post('/admin/phones', {
    phone: '15550064',
    name: 'Bo',
    business: { email: 'bo@example.org' },
  });
  assert.equal((await alice.sock.getBusinessProfile(pn('15550064')))?.email, 'bo@example.org');
  const { id } = await server.post<{ id: string }>('/admin/phones/15550064/send', {
    to: alice.phone,
    text: 'hi',
  });
  await until(() => alice.text(id) === 'hi');
  assert.equal(alice.received.find(one => one.message.key.id === id)?.message.verifiedBizName, 'Bo');
});

test('the verified name comes with each message to others and with a usync query', async t => {
  const server = await simulator(t);
  const [shop, guest] = await linkedClients(t, server, { count: 2 });
  assert.ok(shop && guest);
  await server.put(`/admin/phones/${shop.phone}/business`, BAKERY);
  const sent = await shop.sock.sendMessage(pn(guest.phone), { text: 'fresh bread' });
  const id = sent?.key.id ?? '';
  await until(() => guest.text(id) === 'fresh bread');
  assert.equal(guest.received.find(one => one.message.key.id === id)?.message.verifiedBizName, 'The Bakery');
  const back = await guest.sock.sendMessage(pn(shop.phone), { text: 'two, please' });
  await until(() => shop.text(back?.key.id ?? '') === 'two, please');
  assert.ok(!shop.received.at(-1)?.message.verifiedBizName);
  const answer: BinaryNode = await guest.sock.query({
    tag: 'iq',
    attrs: { to: SERVER, type: 'get', xmlns: 'usync' },
    content: [
      {
        tag: 'usync',
        attrs: { context: 'interactive', mode: 'query', sid: '1', last: 'true', index: '0' },
        content: [
          {
            tag: 'query',
            attrs: {},
            content: [{ tag: 'business', attrs: {}, content: [{ tag: 'verified_name', attrs: {} }] }],
          },
          { tag: 'list', attrs: {}, content: [{ tag: 'user', attrs: { jid: pn(shop.phone) } }] },
        ],
      },
    ],
  });
  const path = ['usync', 'list', 'user', 'business', 'verified_name'];
  const name = path.reduce<BinaryNode | undefined>((at, tag) => getBinaryNodeChild(at, tag), answer);
  const { details } = proto.VerifiedNameCertificate.decode(name?.content as Uint8Array);
  assert.equal(
    proto.VerifiedNameCertificate.Details.decode(details ?? Buffer.of()).verifiedName,
    'The Bakery',
  );
});

const image = { url: new URL('https://media.whatsapp.net/bread.jpg') };

test('products are made, changed, hidden and deleted by a companion, and seen page by page by others', async t => {
  const server = await simulator(t);
  const [shop, guest] = await linkedClients(t, server, { count: 2 });
  assert.ok(shop && guest);
  await server.put(`/admin/phones/${shop.phone}/business`, BAKERY);
  const make = (name: string) =>
    shop.sock.productCreate({
      name,
      description: `a ${name}`,
      price: 2_500,
      currency: 'EUR',
      images: [image],
      isHidden: false,
      originCountryCode: undefined,
    });
  const roll = await make('roll');
  const loaf = await make('loaf');
  const cake = await make('cake');
  assert.deepEqual(
    [roll.name, roll.price, roll.currency, roll.isHidden, roll.imageUrls.original],
    ['roll', 2_500, 'EUR', false, image.url.href],
  );
  const first = await guest.sock.getCatalog({ jid: pn(shop.phone), limit: 2 });
  assert.deepEqual([first.products.map(one => one.id), first.nextPageCursor], [[roll.id, loaf.id], loaf.id]);
  const second = await guest.sock.getCatalog({
    jid: pn(shop.phone),
    limit: 2,
    cursor: first.nextPageCursor ?? '',
  });
  assert.deepEqual([second.products.map(one => one.id), second.nextPageCursor], [[cake.id], undefined]);
  const changed = await shop.sock.productUpdate(cake.id, {
    name: 'big cake',
    price: 9_000,
    currency: 'EUR',
    description: 'for ten',
    images: [image],
    isHidden: true,
  });
  assert.deepEqual([changed.id, changed.name, changed.isHidden], [cake.id, 'big cake', true]);
  const seen = async (by: typeof shop) =>
    (await by.sock.getCatalog({ jid: pn(shop.phone) })).products.map(one => one.name);
  assert.deepEqual(await seen(guest), ['roll', 'loaf']);
  assert.deepEqual(await seen(shop), ['roll', 'loaf', 'big cake']);
  assert.deepEqual(await shop.sock.productDelete([roll.id, cake.id, '1']), { deleted: 2 });
  assert.deepEqual(await seen(guest), ['loaf']);
  await assert.rejects(guest.sock.getCatalog({ jid: pn(guest.phone) }), /item-not-found/);
  await assert.rejects(guest.sock.productDelete([loaf.id]), /forbidden/);
});

test('collections and orders show products with their prices; an order needs its token', async t => {
  const server = await simulator(t);
  const [guest] = await linkedClients(t, server, { count: 1 });
  assert.ok(guest);
  await server.post('/admin/phones', { phone: '15550062' });
  await server.put('/admin/phones/15550062/business', BAKERY);
  const product = (name: string, price: number) =>
    server.post<{ id: string }>('/admin/phones/15550062/products', {
      name,
      price,
      currency: 'EUR',
      images: [image.url.href],
    });
  const roll = await product('roll', 500);
  const loaf = await product('loaf', 4_000);
  await server.post('/admin/phones/15550062/collections', { name: 'bread', products: [loaf.id, roll.id] });
  const { collections } = await guest.sock.getCollections(pn('15550062'));
  assert.deepEqual(
    collections.map(one => [one.name, one.products.map(({ name }) => name), one.status.status]),
    [['bread', ['loaf', 'roll'], 'APPROVED']],
  );
  const order = await server.post<{ id: string; token: string }>('/admin/phones/15550062/orders', {
    items: [
      { product: roll.id, quantity: 6 },
      { product: loaf.id, quantity: 1 },
    ],
  });
  const details = await guest.sock.getOrderDetails(order.id, order.token);
  assert.deepEqual(details.price, { total: 7_000, currency: 'EUR' });
  assert.deepEqual(
    details.products.map(one => [one.name, one.quantity, one.price, one.imageUrl]),
    [
      ['roll', 6, 500, image.url.href],
      ['loaf', 1, 4_000, image.url.href],
    ],
  );
  await assert.rejects(guest.sock.getOrderDetails(order.id, 'guessed'), /not-authorized/);
  await assert.rejects(guest.sock.getOrderDetails('1', order.token), /item-not-found/);
});

test('a business survives a restart of the simulator', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'business-'));
  const stateFile = join(folder, 'state.json');
  const server = await simulator(t, { stateFile });
  await server.post('/admin/phones', { phone: '15550063' });
  await server.put('/admin/phones/15550063/business', BAKERY);
  await server.post('/admin/phones/15550063/products', { name: 'roll', price: 1 });
  const before = await server.get<object>('/admin/phones/15550063/business');
  await server.stop();
  const again = await startSimulator({ stateFile });
  t.after(async () => {
    await again.stop();
    rmSync(folder, { recursive: true });
  });
  const now = driver(again);
  assert.deepEqual(await now.get<object>('/admin/phones/15550063/business'), before);
  await now.post('/admin/phones/15550063/products', { name: 'loaf' });
  const { products } = await now.get<{ products: { id: string }[] }>('/admin/phones/15550063/business');
  assert.equal(new Set(products.map(one => one.id)).size, 2, 'a new product has a new id');
});
