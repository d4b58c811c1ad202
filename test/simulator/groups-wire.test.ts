// Messages to many as stanzas, byte by byte as other clients than Baileys write them.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { type BinaryNode, proto } from '@whiskeysockets/baileys';
import { kindOf } from '../../src/simulator/phone/kinds.ts';
import { bytes, child, children, node } from '../../src/simulator/wire/stanza.ts';
import { BareClient } from '../support/bare-client.ts';
import { until } from '../support/until.ts';
import { simulator, tameClients } from './client.ts';
import { lidOf } from './jids.ts';

tameClients();

type Server = Awaited<ReturnType<typeof simulator>>;
type Linked = Awaited<ReturnType<Server['control']['linkedDevices']>>[number];

async function bare(t: TestContext, server: Server, linked: Linked) {
  const stanzas: BinaryNode[] = [];
  const onStanza = (stanza: BinaryNode) => void stanzas.push(stanza);
  const self = new BareClient({ socketUrl: server.socketUrl, linked, onStanza });
  t.after(() => self.end());
  await self.open;
  const got = (tag: string, id: string) => stanzas.find(one => one.tag === tag && one.attrs.id === id);
  const settled = () =>
    self.query(node('iq', { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' }, [node('ping', {})]));
  return { ...linked, self, stanzas, settled, message: (id: string) => got('message', id), got };
}

const enc = (type: string, content: string, attrs: Record<string, string> = {}) =>
  node('enc', { v: '2', type, ...attrs }, Buffer.from(content));
const to = (jid: string, ...content: BinaryNode[]) => node('to', { jid }, content);
const contents = (message: BinaryNode | undefined) =>
  children(message, 'enc').map(one => [one.attrs.type, bytes(one)?.toString()]);

test('each device of a group gets its own part first, then the shared one, and nothing of the others', async t => {
  const server = await simulator(t);
  const [a, b] = await server.control.linkedDevices(2);
  const [outside] = await server.control.linkedDevices(1);
  const [twin] = await server.control.linkedDevices(1, '71');
  assert.ok(a && b && outside && twin);
  const alice = await bare(t, server, a);
  const bob = await bare(t, server, b);
  const carol = await bare(t, server, twin);
  const stranger = await bare(t, server, outside);
  const group = await server.control.call('createGroup', {
    body: { by: a.phone, subject: 'Wire', members: [b.phone, twin.phone] },
  });
  // As Baileys does it: the shared part first, the own device listed, and here also somebody who is not a member.
  alice.self.send(
    node('message', { id: 'M1', to: group.jid, type: 'text', addressing_mode: 'lid', phash: '2:wrong123' }, [
      enc('skmsg', 'shared', { mediatype: 'image' }),
      node('participants', {}, [
        to(b.lid, enc('pkmsg', 'key for bob')),
        to(a.lid, enc('pkmsg', 'key for myself')),
        to(outside.lid, enc('pkmsg', 'key for a stranger')),
      ]),
      node('device-identity', {}, Buffer.from('who I am')),
      node('meta', { polltype: 'creation' }),
      node('reporting', {}, [node('reporting_token', {}, Buffer.from('secret'))]),
    ]),
  );
  const toBob = await until(() => bob.message('M1'));
  const toCarol = await until(() => carol.message('M1'));
  assert.deepEqual(contents(toBob), [
    ['pkmsg', 'key for bob'],
    ['skmsg', 'shared'],
  ]);
  assert.deepEqual(contents(toCarol), [['skmsg', 'shared']]);
  assert.equal(children(toCarol, 'enc')[0]?.attrs.mediatype, 'image');
  const others = (message: BinaryNode) =>
    children(message)
      .map(one => one.tag)
      .filter(tag => tag !== 'enc');
  assert.deepEqual([others(toBob), others(toCarol)], [['meta', 'device-identity'], ['meta']]);
  const { from, participant, participant_pn, addressing_mode, type } = toBob.attrs;
  assert.deepEqual(
    { from, participant, participant_pn, addressing_mode, type },
    {
      from: group.jid,
      participant: a.lid,
      participant_pn: `${a.phone}@s.whatsapp.net`,
      addressing_mode: 'lid',
      type: 'text',
    },
  );
  await Promise.all([alice.settled(), stranger.settled()]);
  assert.deepEqual([alice.message('M1'), stranger.message('M1')], [undefined, undefined]);

  // The ack has the hash of the devices that the server knows, which is how a client learns that its list is old.
  const names = [a, b, twin].flatMap(one =>
    [0, Number(/:(\d+)@/.exec(one.lid)?.[1])].map(id => `${one.lid.split(':')[0]}.0:${id}@lid`),
  );
  const hash = createHash('sha256').update(names.sort().join('')).digest().subarray(0, 6);
  const phash = `2:${hash.toString('base64')}`;
  assert.deepEqual(
    [alice.got('ack', 'M1')?.attrs.phash, alice.got('ack', 'M1')?.attrs.error],
    [phash, undefined],
  );
  alice.self.send(node('message', { id: 'M2', to: group.jid, type: 'text', phash }, [enc('skmsg', 'two')]));
  await until(() => bob.message('M2'));
  assert.equal(alice.got('ack', 'M2')?.attrs.phash, phash);
  alice.self.send(node('message', { id: 'M3', to: group.jid, type: 'text' }, [enc('skmsg', 'three')]));
  await until(() => bob.message('M3'));
  assert.equal(alice.got('ack', 'M3')?.attrs.phash, undefined);
});

test('a resend to a group reaches the one device that asked, with its count and the time of the message', async t => {
  const server = await simulator(t);
  const [a, b, c] = await server.control.linkedDevices(3);
  assert.ok(a && b && c);
  const [alice, bob, carol] = [await bare(t, server, a), await bare(t, server, b), await bare(t, server, c)];
  const group = await server.control.call('createGroup', {
    body: { by: a.phone, subject: 'Wire', members: [b.phone, c.phone] },
  });
  alice.self.send(
    node('message', { id: 'R1', to: group.jid, participant: b.lid, type: 'text', t: '1700000000' }, [
      enc('pkmsg', 'again', { count: '2' }),
      node('device-identity', {}, Buffer.from('who I am')),
    ]),
  );
  const again = await until(() => bob.message('R1'));
  assert.deepEqual(contents(again), [['pkmsg', 'again']]);
  assert.equal(children(again, 'enc')[0]?.attrs.count, '2');
  assert.deepEqual(
    [again.attrs.from, again.attrs.participant, again.attrs.t, child(again, 'device-identity') !== undefined],
    [group.jid, a.lid, '1700000000', true],
  );
  await carol.settled();
  assert.equal(carol.message('R1'), undefined);
});

test('in a group for announcements only admins write; who left gets nothing more', async t => {
  const server = await simulator(t);
  const [a, b, c] = await server.control.linkedDevices(3);
  assert.ok(a && b && c);
  const [alice, bob, carol] = [await bare(t, server, a), await bare(t, server, b), await bare(t, server, c)];
  const group = await server.control.call('createGroup', {
    body: { by: a.phone, subject: 'Wire', members: [b.phone, c.phone] },
  });
  const change = (who: typeof alice, content: BinaryNode) =>
    who.self.query(node('iq', { xmlns: 'w:g2', type: 'set', to: group.jid }, [content]));
  await change(alice, node('announcement', {}));
  const write = (who: typeof alice, id: string) =>
    who.self.send(node('message', { id, to: group.jid, type: 'text' }, [enc('skmsg', id)]));
  write(bob, 'A1');
  assert.equal((await until(() => bob.got('ack', 'A1'))).attrs.error, '420');
  write(alice, 'A2');
  await until(() => bob.message('A2') && carol.message('A2'));
  assert.equal(carol.message('A1'), undefined);
  await assert.rejects(server.control.send(b.phone, group.jid, 'me too'), /409|may not write/);

  await change(alice, node('not_announcement', {}));
  await change(alice, node('remove', {}, [node('participant', { jid: lidOf(c.lid) })]));
  write(bob, 'A3');
  await until(() => alice.message('A3'));
  await carol.settled();
  assert.equal(carol.message('A3'), undefined);
  write(carol, 'A4');
  assert.equal((await until(() => carol.got('ack', 'A4'))).attrs.error, '420');
  alice.self.send(
    node('message', { id: 'A5', to: '120363999999999999@g.us', type: 'text' }, [enc('skmsg', 'x')]),
  );
  assert.equal((await until(() => alice.got('ack', 'A5'))).attrs.error, '404');
});

test('a phone makes a new sender key when somebody left, and hands it to those who stay', async t => {
  const server = await simulator(t);
  const [a, b] = await server.control.linkedDevices(2);
  assert.ok(a && b);
  const alice = await bare(t, server, a);
  const phone = '15550161';
  await server.control.createPhone({ phone });
  const group = await server.control.call('createGroup', {
    body: { by: a.phone, subject: 'Wire', members: [b.phone, phone] },
  });
  const partsOf = async (text: string) => {
    const { id } = await server.control.send(phone, group.jid, text);
    return children(await until(() => alice.message(id)), 'enc').map(one => one.attrs.type);
  };
  assert.deepEqual(await partsOf('one'), ['pkmsg', 'skmsg']);
  assert.deepEqual(await partsOf('two'), ['skmsg']);
  await alice.self.query(
    node('iq', { xmlns: 'w:g2', type: 'set', to: group.jid }, [
      node('remove', {}, [node('participant', { jid: lidOf(b.lid) })]),
    ]),
  );
  assert.deepEqual(await partsOf('three'), ['pkmsg', 'skmsg']);
  assert.deepEqual(await partsOf('four'), ['skmsg']);
});

test('a status reaches those who are listed without a key too, and a reaction to it only its author', async t => {
  const server = await simulator(t);
  const [a, b, c] = await server.control.linkedDevices(3);
  assert.ok(a && b && c);
  const [alice, bob, carol] = [await bare(t, server, a), await bare(t, server, b), await bare(t, server, c)];
  // As whatsapp-rust writes it: devices with keys, and bare people who have them already.
  alice.self.send(
    node('message', { id: 'S1', to: 'status@broadcast', type: 'text' }, [
      node('participants', {}, [node('to', { jid: lidOf(b.lid) })]),
      enc('skmsg', 'my day'),
    ]),
  );
  const status = await until(() => bob.message('S1'));
  assert.deepEqual(contents(status), [['skmsg', 'my day']]);
  assert.deepEqual(
    [status.attrs.from, status.attrs.participant, status.attrs.participant_pn, status.attrs.addressing_mode],
    ['status@broadcast', a.lid, `${a.phone}@s.whatsapp.net`, undefined],
  );
  bob.self.send(
    node('message', { id: 'S2', to: 'status@broadcast', type: 'reaction' }, [
      node('participants', {}, [to(a.lid, enc('pkmsg', 'nice'))]),
    ]),
  );
  assert.deepEqual(contents(await until(() => alice.message('S2'))), [['pkmsg', 'nice']]);
  await carol.settled();
  assert.deepEqual([carol.message('S1'), carol.message('S2')], [undefined, undefined]);
  // Who saw it says so to the author.
  const seen = await until(() => alice.stanzas.find(one => one.tag === 'receipt' && one.attrs.id === 'S1'));
  assert.deepEqual(
    [seen.attrs.from, seen.attrs.participant?.split(/[:@]/)[0]],
    ['status@broadcast', lidOf(b.lid).split('@')[0]],
  );
});

test('a message to a number that nobody has is refused', async t => {
  const server = await simulator(t);
  const [a] = await server.control.linkedDevices(1);
  assert.ok(a);
  const alice = await bare(t, server, a);
  alice.self.send(node('message', { id: 'N1', to: '19999999@s.whatsapp.net', type: 'text' }, []));
  assert.equal((await until(() => alice.got('ack', 'N1'))).attrs.error, '404');
});

test('phones mark what they send as clients do', () => {
  const { REVOKE, MESSAGE_EDIT } = proto.Message.ProtocolMessage.Type;
  const key = { remoteJid: 'a@g.us', id: 'X' };
  const marks = (message: proto.IMessage) => {
    const { type, edit, mediatype, polltype, hideFailure } = kindOf(message);
    return [type, edit, mediatype, polltype, hideFailure];
  };
  const text = { conversation: 'x' };
  assert.deepEqual(marks(text), ['text', undefined, undefined, undefined, false]);
  assert.deepEqual(marks({ imageMessage: {} }), ['media', undefined, 'image', undefined, false]);
  assert.deepEqual(marks({ viewOnceMessageV2: { message: { videoMessage: {} } } })[2], 'video');
  assert.deepEqual(marks({ videoMessage: { gifPlayback: true } })[2], 'gif');
  assert.deepEqual(marks({ audioMessage: { ptt: true } })[2], 'ptt');
  assert.deepEqual(
    marks({ documentWithCaptionMessage: { message: { documentMessage: {} } } })[2],
    'document',
  );
  assert.deepEqual(marks({ reactionMessage: { key, text: '+' } }), [
    'reaction',
    undefined,
    undefined,
    undefined,
    true,
  ]);
  assert.deepEqual(marks({ reactionMessage: { key, text: '' } })[1], '7');
  assert.deepEqual(marks({ pollCreationMessageV3: {} }), ['poll', undefined, undefined, 'creation', false]);
  assert.deepEqual(marks({ pollUpdateMessage: {} }), ['poll', undefined, undefined, 'vote', true]);
  assert.deepEqual(marks({ eventMessage: {} })[0], 'event');
  assert.deepEqual(marks({ pinInChatMessage: { key } }).slice(0, 2), ['text', '2']);
  assert.deepEqual(marks({ protocolMessage: { type: REVOKE, key: { ...key, fromMe: true } } })[1], '7');
  assert.deepEqual(marks({ protocolMessage: { type: REVOKE, key: { ...key, fromMe: false } } })[1], '8');
  assert.deepEqual(marks({ protocolMessage: { type: MESSAGE_EDIT, key, editedMessage: text } }).slice(0, 2), [
    'text',
    '1',
  ]);
});
