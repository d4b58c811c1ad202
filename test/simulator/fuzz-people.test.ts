// Stanzas about profiles, calls, businesses and channels that make no sense, to people and channels that exist.
// FUZZ_SEED=<seed> repeats one.
import assert from 'node:assert/strict';
import test from 'node:test';
import { controlClient, type LinkedDevice } from '../../src/simulator/control/client.ts';
import { type BinaryNode, child, node, SERVER } from '../../src/simulator/wire/stanza.ts';
import { BareClient } from '../support/bare-client.ts';
import { linkDevices } from '../support/fleet.ts';
import { seeds } from '../support/fuzz.ts';
import { mutateStanza } from '../support/mutate.ts';
import { pick, seeded } from '../support/random.ts';
import { simulator } from './client.ts';

const CASES = 3_000;
const PING = node('iq', { to: SERVER, type: 'get', xmlns: 'w:p' }, [node('ping', {})]);

interface Scene {
  readonly me: LinkedDevice;
  readonly other: LinkedDevice;
  readonly channel: string;
  readonly call: string;
  readonly product: string;
}

const iq = (type: string, xmlns: string, content?: BinaryNode[], to = SERVER) =>
  node('iq', { id: 'fuzz', type, xmlns, to }, content);
const text = (value: string) => Buffer.from(value);

function words({ me, other, channel, call, product }: Scene): BinaryNode[] {
  const jid = `${other.phone}@s.whatsapp.net`;
  const lid = other.lid.replace(/:\d+/, '');
  const mex = (id: string, variables: object) =>
    iq('get', 'w:mex', [node('query', { query_id: id }, text(JSON.stringify({ variables })))]);
  const step = (tag: string, attrs: Record<string, string> = {}) =>
    node('call', { id: 'fuzz', to: jid }, [node(tag, { 'call-id': call, 'call-creator': jid, ...attrs })]);
  const fields = ['name', 'description', 'price', 'currency', 'retailer_id', 'url'].map(tag =>
    node(tag, {}, text('1')),
  );
  const made = node('product', { is_hidden: 'false' }, [node('id', {}, text(product)), ...fields]);
  const catalog = (tag: string) => iq('set', 'w:biz:catalog', [node(tag, { v: '1' }, [made])]);
  const changed = {
    name: 'x',
    description: 'y',
    picture: 'AAAA',
    settings: { reaction_codes: { value: 'BASIC' } },
  };
  return [
    iq('get', 'privacy', [node('privacy', {}, [node('list', { name: 'last' })])]),
    iq('set', 'privacy', [
      node('privacy', {}, [
        node('category', { name: 'status', value: 'contact_blacklist', dhash: 'none' }, [
          node('user', { action: 'add', jid: lid, pn_jid: jid }),
        ]),
      ]),
    ]),
    iq('set', 'privacy', [
      node('tokens', {}, [node('token', { jid: lid, t: '1', type: 'trusted_contact' })]),
    ]),
    iq('get', 'status', [node('status', {}, [node('user', { jid })])]),
    iq('set', 'w:qr', [node('qr', { type: 'contact', action: 'get' })]),
    iq('get', 'w:qr', [node('qr', { code: 'ABC' })]),
    iq('get', 'w:g2', [node('pictures', {}, [node('picture', { parent_group_jid: jid, type: 'image' })])]),
    node('iq', { id: 'fuzz', to: SERVER, type: 'set', xmlns: 'w:profile:picture' }, [
      node('picture', { type: 'image' }, Buffer.alloc(40, 1)),
    ]),
    iq('set', 'w:biz', [
      node('business_profile', { v: '3', mutation_type: 'delta' }, [
        node('address', {}, text('here')),
        node('website', {}, text('there')),
        node('categories', {}, [node('category', { id: '1' }, text('a'))]),
        node('business_hours', { timezone: 'UTC' }, [
          node('business_hours_config', {
            day_of_week: 'mon',
            mode: 'specific_hours',
            open_time: '1',
            close_time: '2',
          }),
        ]),
        node('cover_photo', { id: '1', op: 'update' }),
      ]),
    ]),
    iq('get', 'w:biz:catalog', [
      node('product_catalog', { jid }, [node('limit', {}, text('2')), node('after', {}, text(product))]),
    ]),
    iq('get', 'w:biz:catalog', [node('collections', { biz_jid: jid }, [node('item_limit', {}, text('2'))])]),
    ...['product_catalog_add', 'product_catalog_edit', 'product_catalog_delete'].map(catalog),
    iq('get', 'fb:thrift_iq', [node('order', { op: 'get', id: product }, [node('token', {}, text('t'))])]),
    step('offer'),
    step('accept'),
    step('reject', { count: '0' }),
    step('terminate', { reason: 'timeout' }),
    step('relaylatency', { latency: '5' }),
    node('call', { id: 'fuzz', to: '@call' }, [node('link_create', { media: 'audio' })]),
    node('call', { id: 'fuzz', to: '@call' }, [node('link_query', { media: 'audio', token: 'x' })]),
    node('presence', { type: 'subscribe', to: lid }, [node('tctoken', {}, Buffer.alloc(16, 2))]),
    node('chatstate', { to: lid }, [node('paused', {})]),
    node('message', { id: 'fuzz', to: channel, type: 'text' }, [node('plaintext', {}, Buffer.of(10, 1, 65))]),
    node('message', { id: 'fuzz', to: channel, type: 'text', edit: '3' }, [
      node('plaintext', {}, Buffer.of(10, 1, 66)),
    ]),
    node('message', { id: 'fuzz', to: channel, type: 'reaction', server_id: '100' }, [
      node('reaction', { code: '👍' }),
    ]),
    node('receipt', { id: 'fuzz', to: channel, type: 'view' }, [
      node('list', {}, [node('item', { server_id: '100' })]),
    ]),
    iq('get', 'newsletter', [node('messages', { type: 'jid', jid: channel, count: '5', before: '200' })]),
    iq('get', 'newsletter', [node('message_updates', { count: '5', since: '1', after: '0' })], channel),
    iq('set', 'newsletter', [node('live_updates', {})], channel),
    mex('8823471724422422', { input: { name: 'n', description: 'd', picture: 'AAAA' } }),
    mex('24250201037901610', { newsletter_id: channel, updates: changed }),
    mex('6563316087068696', { input: { key: channel, type: 'JID' } }),
    mex('9387141988078609', { newsletter_id: channel, user_id: lid }),
    mex('31938993655691868', { input: { newsletter_id: channel, type: 'MUTE', value: 'ON' } }),
    ...[
      '24404358912487870',
      '9767147403369991',
      '29766401636284406',
      '9783111038412085',
      '7130823597031706',
    ].map(id => mex(id, { newsletter_id: channel, user_id: me.lid })),
  ];
}

test(`${CASES} odd stanzas about profiles, calls, businesses and channels end at most the connection they came on`, {
  timeout: 500_000,
}, async t => {
  const server = await simulator(t);
  const control = controlClient(server.controlUrl);
  const [me, other] = await linkDevices(control, 2);
  assert.ok(me && other);
  for (const { phone } of [me, other]) await control.call('setBusiness', { params: { phone }, body: {} });
  const product = await control.call('addProduct', {
    params: { phone: other.phone },
    body: { name: 'p', price: 1 },
  });
  const channel = await control.call('createChannel', { params: { phone: me.phone }, body: { name: 'c' } });
  const call = await control.call('call', {
    params: { phone: other.phone },
    body: { to: me.phone, timeoutMs: 600_000 },
  });
  const all = words({ me, other, channel: channel.jid, call: call.id, product: product.id });
  let client: BareClient | undefined;
  t.after(() => client?.end());
  for (const seed of seeds(CASES)) {
    const random = seeded(seed);
    if (!client) {
      client = new BareClient({ socketUrl: server.socketUrl, linked: me });
      await client.open;
    }
    // Now and then as it should be, so that there is something to be odd about.
    const stanza = random() < 0.2 ? pick(random, all) : mutateStanza(random, pick(random, all), all);
    client.send(stanza);
    const last = await Promise.race([client.query(PING).then(() => 'alive' as const), client.closed]);
    if (last === 'alive') continue;
    client = undefined;
    const ours =
      last?.tag === 'stream:error' && last.attrs.code === '500' && !child(last, 'xml-not-well-formed');
    if (!ours) continue;
    const { lastProtocolError } = await control.call('ledger');
    assert.fail(`FUZZ_SEED=${seed}: ${lastProtocolError}`);
  }
  const { phoneErrors } = await control.call('ledger');
  assert.equal(phoneErrors, 0);
});
