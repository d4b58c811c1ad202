import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import test from 'node:test';
import { catalogue } from '../../src/simulator/faults/catalogue.ts';
import { closeNames } from '../../src/simulator/wire/closes.ts';
import { until } from '../support/until.ts';
import { linkedClients, simulator, tameClients } from './client.ts';

tameClients();

test('the catalogue says of every fault what it does, when it may strike, and which parameters it has', async t => {
  const server = await simulator(t);
  const rows = await server.control.call('faultCatalogue');
  assert.deepEqual(
    rows.map(row => row.name),
    Object.keys(catalogue),
  );
  for (const { name, doc, at, params } of rows) {
    assert.match(doc, /^[A-Z].*\.$/s, name);
    assert.ok(['upgrade', 'handshake', 'login', 'in', 'out', 'stanza', 'asked'].includes(at), name);
    assert.equal((params as { type: string }).type, 'object', name);
  }
  for (const close of closeNames) {
    assert.ok(rows.some(row => row.name === `close.${close}`));
    assert.ok(rows.some(row => row.name === `login.${close}`));
  }
});

test('what cannot be armed is refused with a sentence that says why', async t => {
  const { control } = await simulator(t);
  await assert.rejects(control.arm('nonsense'), /404.*there is no fault nonsense/);
  await assert.rejects(control.arm('ack.error', { params: { code: [] } }), /400.*params\.code/);
  await assert.rejects(control.arm('ack.error', { params: { cod: 463 } }), /400.*cod/);
  await assert.rejects(control.arm('ack.error', { when: { nth: 0 } }), /400.*when/);
  await assert.rejects(control.arm('ack.error', { when: { rate: 2 } }), /400.*when/);
  await assert.rejects(control.arm('ack.error', { who: { device: 'alice' } }), /400.*no JID/);
  await assert.rejects(control.arm('upgrade.drop', { filter: { tag: 'iq' } }), /400.*no stanza/);
  await assert.rejects(control.strike('ack.error', { all: true }), /400.*arm it/);
  await assert.rejects(control.strike('close.tcp', { jid: '1555:1@s.whatsapp.net' }), /404.*not connected/);
  assert.deepEqual((await control.faults()).armed, []);
});

test('once, nth, count and always strike as often as they say, and the rest is said to be spent', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const to = `${bob.phone}@s.whatsapp.net`;
  /** Which of four texts are refused. */
  const refused = async (when: Parameters<typeof server.control.arm>[1] & object) => {
    await server.control.arm('ack.error', when);
    const ids: string[] = [];
    for (const text of ['1', '2', '3', '4']) {
      const sent = await alice.sock.sendMessage(to, { text });
      ids.push(sent?.key.id ?? '');
    }
    const settled = (id: string) =>
      alice.statuses.get(id) === 0 ? true : bob.text(id) === undefined ? undefined : false;
    await until(() => ids.every(id => settled(id) !== undefined), { what: JSON.stringify(when) });
    return ids.flatMap((id, index) => (settled(id) ? [index + 1] : []));
  };
  assert.deepEqual(await refused({ when: { once: true } }), [1]);
  assert.deepEqual(await refused({ when: { nth: 3 } }), [3]);
  assert.deepEqual(await refused({ when: { count: 2 } }), [1, 2]);
  const [spent] = (await server.control.faults()).armed;
  assert.deepEqual([spent?.fired, spent?.spent], [2, true]);
  assert.deepEqual(await refused({}), [1, 2, 3, 4]);
  assert.deepEqual(await refused({ when: { rate: 0 } }), []);
  const [armed] = (await server.control.faults()).armed;
  assert.deepEqual([armed?.occasions, armed?.fired, armed?.spent], [4, 0, false]);
  assert.deepEqual(await server.control.disarm('ack.error'), { disarmed: 1 });
  assert.deepEqual(await server.control.disarm(), { disarmed: 0 });
});

test('a fault strikes only whom and what it names, and labels let several of one name hold', async t => {
  const server = await simulator(t);
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carol);
  await server.control.arm('ack.error', { who: { device: alice.jid }, label: 'a', params: { code: 463 } });
  await server.control.arm('ack.error', { who: { account: bob.phone }, label: 'b', params: { code: 479 } });
  await server.control.arm('ack.error', { filter: { type: 'media' }, label: 'c' });
  const errors = new Map<string, string | undefined>();
  for (const one of [alice, bob, carol]) {
    one.sock.ws.on('CB:ack,class:message', ({ attrs }: { attrs: { error?: string } }) =>
      errors.set(one.phone, attrs.error),
    );
    await one.sock.sendMessage(`${(one === carol ? alice : carol).phone}@s.whatsapp.net`, { text: 'hi' });
  }
  await until(() => errors.size === 3);
  assert.deepEqual([...errors.values()], ['463', '479', undefined]);
  assert.deepEqual(await server.control.disarm('ack.error'), { disarmed: 3 });
});

test('the same seed strikes the same occasions, another seed others', async t => {
  const struck = async (seed: number) => {
    const server = await simulator(t, { seed });
    assert.equal((await server.control.faults()).seed, seed);
    const [alice] = await linkedClients(t, server, { count: 1 });
    assert.ok(alice);
    await server.control.arm('iq.error', { when: { rate: 0.5 }, filter: { xmlns: 'w:p' } });
    const errors: boolean[] = [];
    for (let index = 0; index < 40; index++) {
      const ping = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' } };
      errors.push(
        await alice.sock.query(ping).then(
          () => false,
          () => true,
        ),
      );
    }
    return errors;
  };
  const first = await struck(7);
  assert.deepEqual(await struck(7), first);
  assert.notDeepEqual(await struck(8), first);
  assert.ok(first.includes(true) && first.includes(false));
});
