import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deferred } from '../../src/lib/deferred.ts';
import { signalKinds } from '../../src/store/signal-keys.ts';
import { testSeals } from '../support/keys.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { type Envelope, receiver } from '../support/receiver.ts';
import type { Seeded } from '../support/seed.ts';
import { until } from '../support/until.ts';

/** Hours of waiting for a phone in some seconds; what comes again at once must not be late. */
const unread = { asksAfterMs: [1_500, 1_500, 1_500], lostAfterMs: 1_500 };
const health = { everyMs: 50, decryptsAtLeast: 1_000 };
const EVENTS = 'message,message.undecryptable,message.recovered,message.lost';

async function nodeWith(t: Parameters<typeof startNode>[0], devices: number, limits = unread) {
  const hook = await receiver(t);
  const node = await startNode(t, {
    devices,
    workers: 1,
    health,
    unread: limits,
    settings: { WEBHOOK_URL: hook.url, WEBHOOK_EVENTS: EVENTS },
  });
  await node.opened();
  const { phone, lid: user } = await node.simulator.createPhone({ name: 'Ann' });
  const lid = user.includes('@') ? user : `${user}@lid`;
  const told = ({ id }: Seeded) => hook.delivered.filter(({ session_id }) => session_id === id);
  /** The events of one message, as they came. */
  const about = (one: Seeded, id: string) => told(one).filter(({ payload }) => payload.id === id);
  const names = (one: Seeded, id: string) => about(one, id).map(({ event }) => event);
  return { hook, node, phone, lid, told, about, names };
}

const RECOVERED = ['message.undecryptable', 'message', 'message.recovered'];

test('a message that cannot be decrypted is told, asked for, and told again when it can', async t => {
  const { node, phone, lid, about, names, told } = await nodeWith(t, 4);
  const [person, grouped, offline, stubborn] = node.seeded as [Seeded, Seeded, Seeded, Seeded];
  const { jid: group } = await node.simulator.call('createGroup', {
    body: { by: phone, subject: 'Club', members: [grouped.phone] },
  });
  const damage = (one: Seeded, times: number) =>
    node.simulator.arm('delivery.undecryptable', { when: { count: times }, who: { device: one.jid } });

  await t.test('in a direct chat, sent again by its sender', async () => {
    await node.simulator.send(phone, person.phone, 'before');
    await until(() => told(person).length === 1);
    await damage(person, 1);
    const { id } = await node.simulator.send(phone, person.phone, 'once more');
    await until(() => names(person, id).length === 3);
    const [unreadable, message, recovered] = about(person, id) as [Envelope, Envelope, Envelope];
    assert.deepEqual(names(person, id), RECOVERED);
    const common = {
      id,
      chat_id: `${phone}@s.whatsapp.net`,
      chat_lid: lid,
      from: `${phone}@s.whatsapp.net`,
      from_lid: lid,
      is_from_me: false,
      from_name: 'Ann',
      sender_display_name: 'Ann',
      timestamp: message.payload.timestamp,
    };
    assert.deepEqual(unreadable.payload, { ...common, reason: 'bad_mac', retried: true });
    assert.deepEqual(message.payload, { ...common, type: 'text', body: 'once more' });
    const { after_seconds, ...rest } = recovered.payload;
    assert.deepEqual(rest, { ...common, by: 'retry' });
    assert.ok(Number(after_seconds) >= 0);
  });

  await t.test('in a group', async () => {
    await node.simulator.send(phone, group, 'hello club');
    await until(() => told(grouped).length === 1);
    await damage(grouped, 1);
    const { id } = await node.simulator.send(phone, group, 'again, club');
    await until(() => names(grouped, id).length === 3);
    assert.deepEqual(names(grouped, id), RECOVERED);
    const [unreadable] = about(grouped, id);
    assert.deepEqual(
      [unreadable?.payload.chat_id, unreadable?.payload.from],
      [group, `${phone}@s.whatsapp.net`],
    );
  });

  await t.test('when the session, or the key of a member of the group, is gone', async () => {
    // The phone has heard from it, so it does not begin a session with each message any more.
    await node.sendText(person.id, phone, 'hello');
    await node.simulator.waitForMessage(phone, ({ text }) => text === 'hello');
    await node.stop();
    await node.sql`
      delete from signal_key where kind = any(${[signalKinds.session, signalKinds['sender-key']]})`;
    await node.start();
    const direct = await node.simulator.send(phone, person.phone, 'who are you');
    const club = await node.simulator.send(phone, group, 'who are you all');
    await until(() => names(person, direct.id).length === 3 && names(grouped, club.id).length === 3);
    assert.deepEqual([names(person, direct.id), names(grouped, club.id)], [RECOVERED, RECOVERED]);
    const reasons = [about(person, direct.id), about(grouped, club.id)].map(
      ([first]) => first?.payload.reason,
    );
    assert.deepEqual(reasons, ['no_session', 'no_sender_key']);
  });

  await t.test('that had waited while the device was away', async () => {
    await node.simulator.send(phone, offline.phone, 'before');
    await until(() => told(offline).length === 1);
    await node.stop();
    await damage(offline, 1);
    const { id } = await node.simulator.send(phone, offline.phone, 'while you were away');
    const next = await node.simulator.send(phone, offline.phone, 'and another');
    await node.start();
    await until(() => names(offline, next.id).length === 1 && names(offline, id).includes('message'));
    // When the copy came before anybody was told, there is nothing to tell.
    const heard = names(offline, id);
    assert.ok(heard.length === 1 || (await until(() => names(offline, id).length === 3)), heard.join());
  });

  await t.test('from the phone, when asking its sender does not help', async () => {
    await node.opened();
    await node.simulator.send(phone, stubborn.phone, 'before');
    await until(() => told(stubborn).length === 1);
    await damage(stubborn, 6);
    const { id } = await node.simulator.send(phone, stubborn.phone, 'only my phone has it');
    await until(() => names(stubborn, id).length === 3);
    assert.deepEqual(names(stubborn, id), RECOVERED);
    const [, message, recovered] = about(stubborn, id);
    assert.equal(message?.payload.body, 'only my phone has it');
    assert.equal(message?.payload.from_name, 'Ann');
    // Six copies are damaged, all that its sender makes: unless the phone was quick, and one of the six was its own.
    assert.ok(['phone', 'retry'].includes(String(recovered?.payload.by)));
    await node.simulator.disarm();
  });

  await t.test('that came without anything to decrypt', async () => {
    await node.simulator.arm('delivery.unavailable', { when: { once: true }, who: { device: person.jid } });
    const { id } = await node.simulator.send(phone, person.phone, 'not for this device');
    await until(() => names(person, id).length === 3);
    assert.deepEqual(names(person, id), RECOVERED);
    const [unreadable, message, recovered] = about(person, id);
    assert.deepEqual(
      [unreadable?.payload.reason, unreadable?.payload.retried, recovered?.payload.by],
      ['unavailable', false, 'phone'],
    );
    assert.equal(message?.payload.body, 'not for this device');
    assert.equal(message?.payload.chat_lid, unreadable?.payload.chat_lid);
  });

  await t.test('but not one that is meant to be seen on the phone alone', async () => {
    await node.simulator.arm('delivery.unavailable', {
      when: { once: true },
      who: { device: person.jid },
      params: { type: 'view_once_unavailable_fanout' },
    });
    const hidden = await node.simulator.send(phone, person.phone, 'look once');
    const { id } = await node.simulator.send(phone, person.phone, 'after it');
    await until(() => names(person, id).length === 1);
    assert.deepEqual(names(person, hidden.id), []);
    assert.deepEqual(await open(node), []);
  });

  await t.test('no number is missing, and nothing was told twice', async () => {
    for (const one of node.seeded) {
      await gapless(node, one.id);
      const all = told(one).map(({ event, payload }) => `${event} ${payload.id}`);
      assert.deepEqual(all, [...new Set(all)]);
    }
    // It comes with the next pulse of the shard.
    await until(async () => {
      const metrics = await (await fetch(new URL('/metrics', node.node.url))).text();
      return /^cardume_messages_recovered_total\{by="phone"\} [1-9]/m.test(metrics);
    });
    assert.deepEqual(node.fatal, []);
  });
});

test('a phone that was off is asked again after a restart, and what nobody has is lost, once', async t => {
  const slow = { asksAfterMs: [100, 600_000, 600_000], lostAfterMs: 600_000 };
  const { node, phone, names, told } = await nodeWith(t, 1, slow);
  const [one] = node.seeded as [Seeded];
  await node.simulator.send(phone, one.phone, 'before');
  await until(() => told(one).length === 1);
  await node.simulator.call('power', { params: { phone: one.phone }, body: { on: false } });
  await node.simulator.arm('delivery.unavailable', { when: { once: true }, who: { device: one.jid } });
  const { id } = await node.simulator.send(phone, one.phone, 'later');
  await until(async () => (await open(node)).some(({ attempts, told: it }) => attempts === 1 && it));
  await node.stop();
  assert.deepEqual(names(one, id), ['message.undecryptable']);

  await node.start();
  await until(async () => (await open(node)).some(({ attempts }) => attempts === 2));
  await node.simulator.call('power', { params: { phone: one.phone }, body: { on: true } });
  await until(() => names(one, id).includes('message.recovered'));
  assert.deepEqual(names(one, id), RECOVERED);
  await until(async () => (await open(node)).length === 0);
});

test('nothing is asked for before it is written down, and what was not told in time is told by the next process', async t => {
  const { node, phone, names, told } = await nodeWith(t, 1);
  const [one] = node.seeded as [Seeded];
  await node.simulator.send(phone, one.phone, 'before');
  await until(() => told(one).length === 1);
  const [held, free] = [deferred<void>(), deferred<void>()];
  const locked = node.sql.begin(async sql => {
    await sql`lock table undecryptable in exclusive mode`;
    held.resolve();
    await free.promise;
  });
  await held.promise;
  await node.simulator.arm('delivery.undecryptable', { when: { once: true }, who: { device: one.jid } });
  const { id } = await node.simulator.send(phone, one.phone, 'hold on');
  const receipts = async () => {
    const { devices } = await node.simulator.call('ledgerMessage', { params: { id } });
    return devices[one.jid]?.receipts.map(({ type }) => type) ?? [];
  };
  await until(async () => {
    const [{ waiting }] = await node.sql<[{ waiting: number }]>`
      select count(*)::int as waiting from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into undecryptable%'`;
    return waiting === 1;
  });
  assert.deepEqual(await receipts(), []);
  free.resolve();
  await locked;
  await until(() => names(one, id).length === 3);
  assert.deepEqual([(await receipts())[0], names(one, id)], ['retry', RECOVERED]);

  // As a process leaves it that died between the two.
  await node.stop();
  await node.sql`
    insert into undecryptable (device_no, chat, sender, id, message)
    select no, '998877@lid', '998877@lid', 'DIED', ${await noteOf(node, 'DIED')} from device`;
  await node.start();
  await until(() => names(one, 'DIED').length === 2);
  assert.deepEqual(names(one, 'DIED'), ['message.undecryptable', 'message.lost']);
});

test('what nobody has is lost when every try has failed, and that is told once', async t => {
  const { node, told } = await nodeWith(t, 1);
  const [one] = node.seeded as [Seeded];
  await node.simulator.strike('poison.message-empty', { jid: one.jid });
  await until(() => told(one).length === 2);
  const [unreadable, lost] = told(one) as [Envelope, Envelope];
  assert.deepEqual([unreadable.event, lost.event], ['message.undecryptable', 'message.lost']);
  const { retried: _, ...common } = unreadable.payload;
  const { after_seconds, ...rest } = lost.payload;
  assert.deepEqual(rest, { ...common, asked: unread.asksAfterMs.length });
  assert.ok(Number(after_seconds) >= 5.9);
  await until(async () => (await open(node)).every(({ state }) => state === 'lost'));

  // An end is an end: a restart does not begin anew.
  await node.stop();
  await node.start();
  await node.opened();
  const { phone } = await node.simulator.createPhone();
  await node.simulator.send(phone, one.phone, 'after it');
  await until(() => told(one).length >= 3);
  assert.deepEqual(
    told(one).map(({ event }) => event),
    ['message.undecryptable', 'message.lost', 'message'],
  );
});

/** The note of a message from a stranger, as a device seals it. */
async function noteOf({ sql }: TestNode, id: string): Promise<Buffer> {
  const [{ no }] = await sql<[{ no: number }]>`select no from device`;
  const chat = '998877@lid';
  const stub = { key: { remoteJid: chat, fromMe: false, id }, messageTimestamp: 1_700_000_000 };
  const place = `undecryptable/${no}/${chat} ${chat} ${id}`;
  const seal = await testSeals(sql).sealOf(no);
  return seal.seal(place, Buffer.from(JSON.stringify(stub)));
}

async function open({ sql }: TestNode) {
  return [
    ...(await sql<{ id: string; attempts: number; told: boolean; state: string }[]>`
      select id, attempts, told, state from undecryptable where state <> 'recovered'`),
  ];
}

async function gapless({ sql }: TestNode, id: string): Promise<void> {
  const [counts] = await sql<[{ rows: number; last: number; given: number }]>`
    select count(*)::int as rows, max(seq) as last, max(last_seq) as given
      from journal join device on device_no = no where device.id = ${id}`;
  assert.deepEqual(counts, { rows: counts.given, last: counts.given, given: counts.given });
}
