// What phones do by themselves: rules, typing, delays, and where it ends.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { startSimulator } from '../../src/simulator/index.ts';
import { until } from '../support/until.ts';
import { driver, linkedClients, simulator, tameClients } from './client.ts';

tameClients();

const CARLA = '15550009';
const JID = `${CARLA}@s.whatsapp.net`;

async function world(t: TestContext) {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1 });
  assert.ok(alice);
  await server.control.createPhone({ phone: CARLA, name: 'Carla' });
  const texts = () =>
    alice.received.flatMap(one =>
      one.message.key.fromMe ? [] : (alice.text(one.message.key.id ?? '') ?? []),
    );
  return { server, control: server.control, alice, texts };
}

test('the first rule that suits a message is followed, and the short form where none does', async t => {
  const { control, alice, texts } = await world(t);
  await control.script(CARLA, {
    rules: [
      { when: { text: { equals: 'PING' } }, do: [{ reply: 'pong' }] },
      { when: { text: { startsWith: 'buy' } }, do: [{ reply: '{name} wants: {text}' }] },
      { when: { text: { contains: 'price' } }, do: [{ reply: { text: 'ten', quote: '{id}' } }] },
      { when: { kind: 'reaction' }, do: [{ reply: 'thank you' }] },
      { when: { chat: 'group' }, do: [{ reply: 'not here' }] },
    ],
    reply: 'you said {text}',
    reads: true,
  });
  const say = async (text: string, answer: string) => {
    const sent = await alice.sock.sendMessage(JID, { text });
    await until(() => texts().includes(answer), { what: answer });
    return sent?.key.id ?? '';
  };
  await say('ping', 'pong');
  await say('buy me a hat', `Phone ${alice.phone} wants: buy me a hat`);
  const asked = await say('what is the price?', 'ten');
  const ten = alice.received.find(one => alice.text(one.message.key.id ?? '') === 'ten');
  assert.equal(ten?.message.message?.extendedTextMessage?.contextInfo?.stanzaId, asked);
  const plain = await say('{id} {text}', 'you said {id} {text}');
  await until(() => alice.statuses.get(plain) === 4, { what: 'read by the script' });
  assert.notEqual(alice.statuses.get(asked), 4, 'the rule that was followed does not read');
  await alice.sock.sendMessage(JID, { react: { text: '👍', key: ten?.message.key ?? {} } });
  await until(() => texts().includes('thank you'));
});

test('a contact is seen to type, waits, reads, reacts, and replies, in this order', async t => {
  const { control, alice, texts } = await world(t);
  await alice.sock.presenceSubscribe(JID);
  await control.script(CARLA, {
    rules: [
      {
        do: [
          { read: true },
          { after: 20 },
          { type: 3_000 },
          { react: '❤' },
          { record: 50 },
          { reply: { location: { latitude: 1, longitude: 2 } } },
          { reply: 'done' },
        ],
      },
    ],
  });
  const sent = await alice.sock.sendMessage(JID, { text: 'hello' });
  await until(() => JSON.stringify(alice.presences).includes('composing'), { what: 'typing' });
  assert.deepEqual(texts(), [], 'it replied before it had typed');
  await until(() => texts().includes('done'));
  const kinds = alice.received
    .filter(one => one.message.key.remoteJid?.startsWith(CARLA) && !one.message.key.fromMe)
    .map(one => Object.keys(one.message.message ?? {}).find(key => key !== 'messageContextInfo'));
  assert.deepEqual(kinds, ['reactionMessage', 'locationMessage', 'conversation']);
  assert.match(JSON.stringify(alice.presences), /composing.*recording/s);
  await until(() => alice.statuses.get(sent?.key.id ?? '') === 4, { what: 'read' });
});

test('a contact calls back, and lets it ring as long as it was told', async t => {
  const { control, alice } = await world(t);
  const calls: { status: string; isVideo?: boolean | undefined }[] = [];
  alice.sock.ev.on('call', heard => void calls.push(...heard));
  await control.script(CARLA, {
    rules: [{ when: { text: { equals: 'call me' } }, do: [{ call: { video: true, ringMs: 50 } }] }],
  });
  await alice.sock.sendMessage(JID, { text: 'call me' });
  await until(() => calls.some(one => one.status === 'offer' && one.isVideo), { what: 'it rings' });
  await until(() => calls.some(one => one.status !== 'offer' && one.status !== 'ringing'), {
    what: 'it ends',
  });
});

test('scripts do not answer scripts, and a group of scripted contacts answers a person once each', async t => {
  const { control, alice, texts } = await world(t);
  const contacts = await control.createPhones(3, { prefix: '15551', name: 'Contact {n}' });
  for (const { phone } of contacts) await control.script(phone, { reply: `${phone} heard {text}` });
  const [first, second] = contacts;
  assert.ok(first && second);
  await control.send(first.phone, second.phone, 'hello');
  await control.waitForMessage(first.phone, one => one.text === `${second.phone} heard hello`);
  const { jid } = await control.call('createGroup', {
    body: {
      by: first.phone,
      subject: 'All',
      members: [alice.phone, ...contacts.slice(1).map(one => one.phone)],
    },
  });
  await alice.sock.sendMessage(jid, { text: 'who is there?' });
  for (const { phone } of contacts)
    await until(() => texts().includes(`${phone} heard who is there?`), { what: phone });
  // What anybody would have answered is on its way by now: one more round trip behind it.
  const { id } = await control.send(first.phone, alice.phone, 'last');
  await until(() => alice.text(id));
  assert.equal(texts().filter(text => text.includes('heard')).length, contacts.length);
  assert.equal((await control.messages(first.phone, { chat: second.phone })).length, 2);
});

test('a script survives a restart of the simulator, and is refused when it asks for too much', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'cardume-script-'));
  const stateFile = join(folder, 'state.json');
  const script = { rules: [{ when: { kind: 'text' }, do: [{ type: 10 }, { reply: 'again' }] }] };
  const first = await startSimulator({ stateFile });
  const { control } = driver(first);
  await control.createPhone({ phone: CARLA });
  await control.script(CARLA, script);
  await first.stop();
  const second = await startSimulator({ stateFile });
  t.after(async () => {
    await second.stop();
    rmSync(folder, { recursive: true });
  });
  const after = driver(second).control;
  assert.deepEqual(await after.call('scriptOf', { params: { phone: CARLA } }), script);
  await after.createPhone({ phone: '15550001' });
  await after.send('15550001', CARLA, 'hello');
  await after.waitForMessage('15550001', one => one.text === 'again');
  const refused = (given: object) =>
    assert.rejects(
      after.request('PUT', `/phones/${CARLA}/script`, given),
      { status: 400 },
      JSON.stringify(given),
    );
  await refused({ rules: [{ do: [{ after: 3_600_000 }] }] });
  await refused({ rules: [{ do: [{ explode: true }] }] });
  await refused({ rules: [{ when: { text: { matches: '(a+)+$' } }, do: [] }] });
  await refused({ rules: [{ do: Array.from({ length: 51 }, () => ({ read: true })) }] });
});
