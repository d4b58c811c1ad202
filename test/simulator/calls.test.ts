// Calls: their signalling, from the phone that calls to the device that rejects, and back.
import assert from 'node:assert/strict';
import test from 'node:test';
import { type BinaryNode, getBinaryNodeChild, type WACallEvent } from '@whiskeysockets/baileys';
import { until } from '../support/until.ts';
import { type Client, linkedClients, simulator, tameClients } from './client.ts';
import { lidOf, pn } from './jids.ts';

tameClients();

interface CallView {
  id: string;
  parties: Record<string, string>;
  ended?: string;
}

function callsOf(client: Client): WACallEvent[] {
  const all: WACallEvent[] = [];
  client.sock.ev.on('call', calls => all.push(...calls));
  return all;
}

const statuses = (calls: WACallEvent[]) => calls.map(one => one.status);

test('a phone calls: the device of the other rings, rejects, and its twin and the calling side hear so', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1, prefix: '81' });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '82' });
  const [twin] = await linkedClients(t, server, { count: 1, prefix: '82' });
  assert.ok(alice && bob && twin);
  const [atAlice, atBob, atTwin] = [callsOf(alice), callsOf(bob), callsOf(twin)];
  const call = await server.post<CallView>('/admin/phones/810001/call', { to: bob.phone, video: true });
  const offer = await until(() => atBob[0]);
  assert.deepEqual(
    [offer.status, offer.id, offer.isVideo, offer.isGroup, offer.offline],
    ['offer', call.id, true, false, false],
  );
  assert.deepEqual(
    [offer.chatId, offer.from, offer.callerPn],
    [lidOf(alice.lid), lidOf(alice.lid), pn(alice.phone)],
  );
  await bob.sock.rejectCall(offer.id, offer.from);
  await until(() => statuses(atTwin).includes('terminate'), { what: 'the twin stops ringing' });
  await until(() => statuses(atAlice).includes('reject'), { what: 'the caller hears' });
  assert.deepEqual(statuses(atBob), ['offer']);
  assert.equal(atAlice[0]?.id, call.id);
  const [shown] = await server.get<CallView[]>('/admin/calls');
  assert.deepEqual([shown?.parties, shown?.ended], [{ [bob.phone]: 'rejected' }, 'rejected']);
});

test('a call that nobody takes ends as timeout, one that the caller gives up as terminate', async t => {
  const server = await simulator(t);
  const [bob] = await linkedClients(t, server, { count: 1 });
  assert.ok(bob);
  await server.post('/admin/phones', { phone: '15550051' });
  const seen = callsOf(bob);
  const missed = await server.post<CallView>('/admin/phones/15550051/call', { to: bob.phone, timeoutMs: 20 });
  await until(() => seen.length === 2);
  assert.deepEqual(statuses(seen), ['offer', 'timeout']);
  assert.deepEqual(new Set(seen.map(one => one.id)), new Set([missed.id]));
  const given = await server.post<CallView>('/admin/phones/15550051/call', { to: bob.phone });
  await until(() => seen.length === 3);
  await server.post(`/admin/phones/15550051/calls/${given.id}`, { action: 'terminate' });
  await until(() => seen.length === 4);
  assert.deepEqual([seen[3]?.status, seen[3]?.id], ['terminate', given.id]);
  await assert.rejects(
    server.post(`/admin/phones/15550051/calls/${given.id}`, { action: 'terminate' }),
    /409/,
  );
});

test('the person takes the call on the phone: the companion stops ringing, and hanging up ends it', async t => {
  const server = await simulator(t);
  const [alice] = await linkedClients(t, server, { count: 1, prefix: '83' });
  const [bob] = await linkedClients(t, server, { count: 1, prefix: '84' });
  assert.ok(alice && bob);
  const [atAlice, atBob] = [callsOf(alice), callsOf(bob)];
  const { id } = await server.post<CallView>('/admin/phones/830001/call', {
    to: bob.phone,
    timeoutMs: 600_000,
  });
  await until(() => atBob.length === 1);
  await server.post(`/admin/phones/840001/calls/${id}`, { action: 'accept' });
  await until(() => statuses(atBob).includes('terminate'));
  await until(() => statuses(atAlice).includes('accept'));
  const shown = await server.post<CallView>(`/admin/phones/840001/calls/${id}`, { action: 'terminate' });
  assert.equal(shown.ended, 'hangup');
  await until(() => statuses(atAlice).includes('terminate'));
});

test('a device that was away gets the call it missed, marked offline', async t => {
  const server = await simulator(t);
  const [bob] = await linkedClients(t, server, { count: 1 });
  assert.ok(bob);
  await server.post('/admin/phones', { phone: '15550052' });
  await server.post('/admin/disconnect', { jid: bob.jid, close: 'tcp' });
  await until(() => bob.closes.length === 1);
  await server.post('/admin/phones/15550052/call', { to: bob.phone, timeoutMs: 1 });
  await until(async () => (await server.get<CallView[]>('/admin/calls'))[0]?.ended === 'timeout');
  bob.connect();
  const seen = callsOf(bob);
  await until(() => seen.length === 2);
  assert.deepEqual(
    seen.map(one => [one.status, one.offline]),
    [
      ['offer', true],
      ['timeout', true],
    ],
  );
  // Confirmed by their acks: a next login does not bring them again.
  await until(async () => {
    const devices = await server.get<{ jid: string; queued: number }[]>('/admin/devices');
    return devices.find(one => one.jid === bob.jid)?.queued === 0;
  });
});

test('a group call rings at every member, and goes on when one rejects', async t => {
  const server = await simulator(t);
  const [alice, bob, carol] = await linkedClients(t, server, { count: 3 });
  assert.ok(alice && bob && carol);
  const group = await alice.sock.groupCreate('callers', [pn(bob.phone), pn(carol.phone)]);
  const [atAlice, atBob, atCarol] = [callsOf(alice), callsOf(bob), callsOf(carol)];
  const { id } = await server.post<CallView>(`/admin/phones/${alice.phone}/call`, { to: group.id });
  const offer = await until(() => atBob[0]);
  await until(() => atCarol[0]);
  assert.deepEqual([offer.isGroup, offer.groupJid], [true, group.id]);
  await bob.sock.rejectCall(offer.id, offer.from);
  await until(() => statuses(atAlice).includes('reject'));
  await server.post(`/admin/phones/${carol.phone}/calls/${id}`, { action: 'accept' });
  await server.post(`/admin/phones/${alice.phone}/calls/${id}`, { action: 'terminate' });
  await until(() => statuses(atCarol).at(-1) === 'terminate');
  const [shown] = await server.get<CallView[]>('/admin/calls');
  assert.deepEqual([shown?.ended, shown?.parties[bob.phone]], ['hangup', 'rejected']);
});

test('an offer notice is an offer without ringing, and other steps of the two clients pass through', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const [atAlice, atBob] = [callsOf(alice), callsOf(bob)];
  const { id } = await server.post<CallView>(`/admin/phones/${alice.phone}/call`, {
    to: bob.phone,
    notice: true,
  });
  await until(() => atBob.length === 1);
  assert.deepEqual([atBob[0]?.status, atBob[0]?.id], ['offer', id]);
  const step = async (tag: string, attrs: Record<string, string> = {}, callId = id): Promise<BinaryNode> =>
    bob.sock.query({
      tag: 'call',
      attrs: { to: lidOf(alice.lid), from: bob.jid },
      content: [{ tag, attrs: { 'call-id': callId, 'call-creator': lidOf(alice.lid), ...attrs } }],
    });
  const ack = await step('relaylatency', { latency: '33' });
  assert.deepEqual(
    [ack.tag, ack.attrs.class, ack.attrs.type, ack.attrs.error],
    ['ack', 'call', 'relaylatency', undefined],
  );
  const latency = await until(() => atAlice.find(one => one.status === 'relaylatency'));
  assert.equal(latency.latencyMs, 33);
  await step('preaccept');
  await until(() => statuses(atAlice).includes('preaccept'));
  assert.equal((await step('reject', {}, 'NONE')).attrs.error, '404');
});

test('a blocked caller and a stranger, where only known ones may call, ring nowhere', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const atBob = callsOf(bob);
  await bob.sock.updateCallPrivacy('known');
  const stranger = await server.post<CallView>(`/admin/phones/${alice.phone}/call`, { to: bob.phone });
  assert.deepEqual(stranger.parties, { [bob.phone]: 'silenced' });
  await server.put(`/admin/phones/${bob.phone}/profile`, { contacts: [alice.phone] });
  await server.post(`/admin/phones/${alice.phone}/call`, { to: bob.phone });
  await until(() => atBob.length === 1);
  await server.post(`/admin/phones/${bob.phone}/block`, { who: alice.phone });
  const blocked = await server.post<CallView>(`/admin/phones/${alice.phone}/call`, { to: bob.phone });
  assert.deepEqual(blocked.parties, { [bob.phone]: 'silenced' });
  await bob.sock.fetchBlocklist();
  assert.equal(atBob.length, 1);
});

test('a client that offers a call itself reaches the other, who sees its own words', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const atBob = callsOf(bob);
  const offer = (to: string): Promise<BinaryNode> =>
    alice.sock.query({
      tag: 'call',
      attrs: { to, from: alice.jid },
      content: [
        {
          tag: 'offer',
          attrs: { 'call-id': `A${to.length}`, 'call-creator': alice.jid },
          content: [{ tag: 'video', attrs: {} }],
        },
      ],
    });
  assert.equal((await offer(pn(bob.phone))).attrs.error, undefined);
  const seen = await until(() => atBob[0]);
  assert.deepEqual([seen.isVideo, seen.chatId], [true, alice.jid]);
  assert.equal((await offer(pn('15559999999'))).attrs.error, '404');
});

test('a call link is made and can be looked up by its token', async t => {
  const server = await simulator(t);
  const [alice, bob] = await linkedClients(t, server, { count: 2 });
  assert.ok(alice && bob);
  const token = (await alice.sock.createCallLink('video')) ?? '';
  assert.match(token, /^[\w-]{22}$/);
  const ask = (media: string): Promise<BinaryNode> =>
    bob.sock.query({
      tag: 'call',
      attrs: { to: '@call' },
      content: [{ tag: 'link_query', attrs: { token, media } }],
    });
  const found = getBinaryNodeChild(await ask('video'), 'link_query');
  assert.equal(found?.attrs.link_creator, lidOf(alice.lid));
  assert.equal((await ask('audio')).attrs.error, '404');
});
