// Stanzas that nobody can do anything with: the lane goes on, WhatsApp is answered, and they are told and kept.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BinaryNode } from '@whiskeysockets/baileys';
import { Vitals } from '../../src/device/health/vitals.ts';
import { Arrivals } from '../../src/device/receiving/arrivals.ts';
import type { Arrival, Inbox } from '../../src/device/receiving/inbox.ts';
import { Recovery } from '../../src/device/receiving/recovery.ts';
import type { Draft } from '../../src/journal/event.ts';
import { until } from '../support/until.ts';
import { connected } from './connected.ts';
import { quiet } from './signal.ts';
import { nothingUnread } from './unread.ts';

const arrivalOf = (node: BinaryNode): Arrival => ({
  node,
  ciphertexts: new Map(),
  rows: [Buffer.from(node.attrs.id ?? '')],
  plaintexts: new Map(),
  kept: false,
  told: false,
});

const receipt = (id: string, attrs: Record<string, string> = {}): BinaryNode => ({
  tag: 'receipt',
  attrs: { id, from: '15551234567@s.whatsapp.net', t: '1700000000', ...attrs },
});

test('a stanza whose handler throws is given out as poisonous and acknowledged, and the next one is handled', async t => {
  const [device] = await connected(t, 1);
  assert.ok(device);
  const { socket } = device;
  const acks: BinaryNode[] = [];
  const send = socket.sendNode;
  socket.sendNode = async node => {
    if (node.tag === 'ack') acks.push(node);
    else await send(node);
  };
  socket.ws.removeAllListeners('CB:receipt');
  socket.ws.on('CB:receipt', async ({ attrs }: BinaryNode) => {
    if (attrs.type === 'poison') throw new TypeError('what is this');
  });
  const handled: string[] = [];
  const poisonous: [id: string, why: string][] = [];
  const id = ({ node }: Arrival) => node.attrs.id ?? '';
  new Arrivals({
    socket,
    inbox: { arrival: arrivalOf, admit: async () => {} } as unknown as Inbox,
    unread: nothingUnread(),
    vitals: new Vitals(() => performance.now()),
    me: () => undefined,
    handled: arrival => void handled.push(id(arrival)),
    poisonous: async (arrival, { message }) => void poisonous.push([id(arrival), message]),
    log: quiet,
  });
  for (const node of [
    receipt('1'),
    receipt('2', { type: 'poison', participant: '15557654321@s.whatsapp.net' }),
    { tag: 'receipt', attrs: { type: 'poison' } },
    receipt('3'),
  ])
    socket.ws.emit('CB:receipt', node);
  await until(() => handled.length === 2);
  assert.deepEqual(handled, ['1', '3']);
  assert.deepEqual(poisonous, [
    ['2', 'what is this'],
    ['', 'what is this'],
  ]);
  assert.deepEqual(
    acks.map(({ attrs }) => attrs),
    [
      {
        id: '2',
        to: '15551234567@s.whatsapp.net',
        class: 'receipt',
        type: 'poison',
        participant: '15557654321@s.whatsapp.net',
      },
    ],
  );
});

/** A recovery over these left-over stanzas; gives what was told, what was moved aside and what is still to be seen. */
async function takeUp(leftOver: { node: BinaryNode; blame: number }[], suspected = false) {
  const told: Draft[] = [];
  const aside: string[] = [];
  const charged: [id: string, charge: number][] = [];
  const recovery = new Recovery({
    facts: {
      add: (drafts: Draft[]) => void told.push(...drafts),
      done: () => {},
      stored: async () => {},
    } as never,
    beside: () => [],
    self: () => ({ jid: '15550000001:1@s.whatsapp.net', lid: '1:1@lid' }),
    suspected,
    log: quiet,
  });
  const unseen = await recovery.takeUp({
    leftOvers: async () => leftOver.map(({ node, blame }) => ({ arrival: arrivalOf(node), blame })),
    blame: async ({ node }: Arrival, charge: number) => void charged.push([node.attrs.id ?? '', charge]),
    setAside: async ({ node }: Arrival) => void aside.push(node.attrs.id ?? ''),
  } as unknown as Inbox);
  return { told, aside, charged, unseen: unseen.map(({ node }) => node.attrs.id) };
}

test('a stanza that was left over and cannot be decoded does not keep the device from connecting', async () => {
  const { told, aside, unseen } = await takeUp([
    { node: receipt('1'), blame: 1 },
    // Baileys throws on it: a recipient, but not of ours.
    {
      node: {
        tag: 'message',
        attrs: {
          id: '2',
          from: '15551234567@s.whatsapp.net',
          recipient: '15559999999@s.whatsapp.net',
          t: '1700000000',
        },
      },
      blame: 1,
    },
    { node: receipt('3'), blame: 1 },
  ]);
  assert.deepEqual([aside, unseen], [['2'], ['1', '3']]);
  assert.equal(told.length, 1);
  assert.equal(told[0]?.event, 'event.unparsed');
  const { event, id, reason } = told[0]?.payload ?? {};
  assert.deepEqual([event, id], ['message', '2']);
  assert.ok(typeof reason === 'string' && reason.length > 0 && !/\d{5}/.test(reason));
});

test('what a device is at again and again when its threads die of it is moved aside unopened, and only then', async () => {
  const leftOver = [
    { node: receipt('old'), blame: 6 },
    { node: receipt('new'), blame: 5 },
  ];
  const healthy = await takeUp(leftOver);
  assert.deepEqual([healthy.unseen, healthy.charged], [['old', 'new'], []]);
  const { told, aside, charged, unseen } = await takeUp(leftOver, true);
  assert.deepEqual([aside, unseen], [['old'], ['new']]);
  // Two ends of a thread while it reads are enough; one that was read stays charged with the least.
  assert.deepEqual(charged, [
    ['new', 3],
    ['new', -2],
  ]);
  assert.deepEqual(
    told.map(({ event, payload }) => [event, payload.event, payload.id]),
    [['event.unparsed', 'receipt', 'old']],
  );
});
