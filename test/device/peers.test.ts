// Ours talks to peers that run npm's libsignal, as every stock Baileys does: whatever they send is understood.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initAuthCreds } from '@whiskeysockets/baileys';
import { makeRepository } from '../../src/device/signal/repository.ts';
import { readSessions } from '../../src/lib/session-record.ts';
import { between, pick, seeded, shuffled } from '../support/random.ts';
import {
  acquaint,
  type Ciphertext,
  hear,
  introduce,
  makePeer,
  memoryKeys,
  type Peer,
  say,
} from './signal.ts';

/** An account on our repository, in memory. */
function ours(jid: string, keys = memoryKeys(), creds = initAuthCreds()): Peer {
  return makePeer(jid, keys, makeRepository(keys as never), creds);
}
const stock = (jid: string, creds = initAuthCreds()) => makePeer(jid, memoryKeys(), undefined, creds);

const idOf = ({ jid }: { jid: string }) => jid.replace(/^(\d+):(\d+)@lid$/, '$1_1.$2');

/** The record that one has of another. */
async function record(of: Peer, with_: Peer): Promise<Uint8Array> {
  const id = idOf(with_);
  const { [id]: bytes } = await of.keys.get('session', [id]);
  assert.ok(bytes, 'there is a session');
  return bytes;
}

/** A message in the air. */
interface Airborne {
  readonly from: Peer;
  readonly to: Peer;
  readonly text: string;
  readonly message: Ciphertext;
}

async function launch(from: Peer, to: Peer, text: string): Promise<Airborne> {
  return { from, to, text, message: await say(from, to, text) };
}

async function lands({ from, to, text, message }: Airborne): Promise<void> {
  assert.equal(await hear(to, from, message), text);
}

for (const [who, begin] of [
  ['ours', 'ours'],
  ['ours', 'stock'],
] as const)
  test(`in 300 turns with messages up to four turns late all arrive, both ways, when ${begin} begins`, async () => {
    assert.equal(who, 'ours');
    const random = seeded(300);
    const alice = ours('111:1@lid');
    const bob = stock('222:2@lid');
    await (begin === 'ours' ? acquaint(alice, bob) : acquaint(bob, alice));
    const air: (Airborne & { by: number })[] = [];
    let heard = 0;
    let largest = 0;
    for (let turn = 0; turn < 300; turn++) {
      for (const [from, to] of [
        [alice, bob],
        [bob, alice],
      ] as const) {
        const said = [];
        for (let i = between(random, 1, 3); i > 0; i--) {
          const one = await launch(from, to, `turn ${turn}, ${i} from ${from.jid}`);
          said.push({ ...one, by: turn + between(random, 0, 4) });
        }
        // One at least arrives in its turn, or there would be no next turn of the ratchet.
        pick(random, said).by = turn;
        air.push(...said);
        const due = air.filter(one => one.to === to && (one.by <= turn || random() < 0.2));
        for (const one of shuffled(random, due)) {
          await lands(one);
          air.splice(air.indexOf(one), 1);
          heard++;
        }
      }
      largest = Math.max(largest, (await record(alice, bob)).length);
    }
    assert.ok(heard > 1000, `${heard} messages`);
    assert.ok(largest < 3_000, `our record grew to ${largest} bytes`);
  });

test('two of ours who write to each other first at the same time understand each other from then on', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = seeded(seed);
    const alice = ours('111:1@lid');
    const bob = ours('222:2@lid');
    await Promise.all([introduce(alice, bob), introduce(bob, alice)]);
    const air: Airborne[] = [];
    for (let round = 0; round < 20; round++) {
      air.push(
        await launch(alice, bob, `${round} from alice`),
        await launch(bob, alice, `${round} from bob`),
      );
      for (const one of shuffled(random, air).slice(0, round === 19 ? air.length : 2)) {
        await lands(one);
        air.splice(air.indexOf(one), 1);
      }
    }
  }
});

test('when ours and a stock peer begin at the same time all arrives, with a few asked for again', async t => {
  let again = 0;
  for (let seed = 1; seed <= 5; seed++) {
    const random = seeded(seed);
    const alice = ours('111:1@lid');
    const bob = stock('222:2@lid');
    await Promise.all([introduce(alice, bob), introduce(bob, alice)]);
    const air: Airborne[] = [];
    for (let round = 0; round < 20; round++) {
      air.push(
        await launch(alice, bob, `${round} from alice`),
        await launch(bob, alice, `${round} from bob`),
      );
      for (const one of shuffled(random, air).slice(0, round === 19 ? air.length : 2)) {
        air.splice(air.indexOf(one), 1);
        // The stock peer breaks its own sessions when it tries a message on all of them, and writes on with broken ones.
        // Who cannot read asks again with keys (Socket/messages-recv.js, sendRetryRequest).
        await lands(one).catch(async () => {
          again++;
          await introduce(one.from, one.to);
          await lands(await launch(one.from, one.to, one.text));
        });
      }
    }
    await lands(await launch(bob, alice, 'still there?'));
    await lands(await launch(alice, bob, 'yes'));
  }
  t.diagnostic(`${again} of 200 were asked for again`);
  assert.ok(again <= 40, `${again} of 200`);
});

const group = '123456@g.us';
const speak = async (from: Peer, text: string) => {
  const { ciphertext, senderKeyDistributionMessage } = await from.repository.encryptGroupMessage({
    group,
    meId: from.jid,
    data: Buffer.from(text),
  });
  return { ciphertext: Buffer.from(ciphertext), key: Buffer.from(senderKeyDistributionMessage) };
};
const give = (to: Peer, from: Peer, key: Uint8Array) =>
  to.repository.processSenderKeyDistributionMessage({
    item: { groupId: group, axolotlSenderKeyDistributionMessage: key },
    authorJid: from.jid,
  });
const listen = async (to: Peer, from: Peer, msg: Uint8Array) =>
  Buffer.from(await to.repository.decryptGroupMessage({ group, authorJid: from.jid, msg })).toString();

for (const [speaker, listener] of [
  ['ours', 'stock'],
  ['stock', 'ours'],
  ['ours', 'ours'],
] as const)
  test(`${listener} understands group messages of ${speaker} from the one with its key on`, async () => {
    const random = seeded(7);
    const make = { ours, stock };
    const alice = make[speaker]('111:1@lid');
    const bob = make[listener]('222:2@lid');
    const early = await speak(alice, 'before bob came');
    const said: { text: string; ciphertext: Buffer }[] = [];
    let key: Uint8Array | undefined;
    for (let i = 0; i < 60; i++) {
      const one = await speak(alice, `message ${i}`);
      key ??= one.key;
      said.push({ text: `message ${i}`, ciphertext: one.ciphertext });
    }
    await give(bob, alice, key!);
    // A stock peer writes the keys of messages that were overtaken so that it cannot read them back.
    const order = listener === 'stock' ? said : shuffled(random, said);
    for (const { text, ciphertext } of order) assert.equal(await listen(bob, alice, ciphertext), text);
    await assert.rejects(listen(bob, alice, early.ciphertext), 'what was said before is not for bob');
  });

test('our own sender key does not grow with what we say, and a key that comes again lets nothing be played again', async () => {
  const alice = ours('111:1@lid');
  const bob = ours('222:2@lid');
  const first = await speak(alice, 'first');
  await give(bob, alice, first.key);
  assert.equal(await listen(bob, alice, first.ciphertext), 'first');
  for (let i = 0; i < 200; i++) {
    const { ciphertext } = await speak(alice, `message ${i}`);
    assert.equal(await listen(bob, alice, ciphertext), `message ${i}`);
  }
  const id = `${group}::111_1::1`;
  const { [id]: own } = await alice.keys.get('sender-key', [id]);
  assert.ok(own && own.length < 130, `${own?.length} bytes`);
  await give(bob, alice, first.key);
  await assert.rejects(listen(bob, alice, first.ciphertext), { reason: 'no_sender_key' });
});

for (const made of ['ours', 'stock'] as const)
  test(`after ${made} has begun the session anew 45 times both understand each other, and late messages are read`, async () => {
    const alice = made === 'ours' ? ours('111:1@lid') : stock('111:1@lid');
    const bob = ours('222:2@lid');
    const late: Airborne[] = [];
    for (let i = 0; i < 45; i++) {
      await introduce(alice, bob);
      await lands(await launch(alice, bob, `session ${i}`));
      late.push(await launch(alice, bob, `late of session ${i}`));
    }
    const { current, previous } = readSessions(await record(bob, alice));
    assert.ok(current && previous.length === 5, `${previous.length} earlier sessions`);
    assert.ok((await record(bob, alice)).length < 4_000);
    for (const one of late.slice(-3)) await lands(one);
    await lands(await launch(bob, alice, 'well'));
    await lands(await launch(alice, bob, 'good'));
  });

test('a peer that lost its session asks for another with our keys, and the next message is read', async () => {
  const alice = ours('111:1@lid');
  const bob = stock('222:2@lid');
  await acquaint(alice, bob);
  await bob.keys.set({ session: { [idOf(alice)]: null } });
  await assert.rejects(lands(await launch(alice, bob, 'lost')));
  // What a retry receipt with keys does (Socket/messages-recv.js, updateSendMessageAgainCount).
  await introduce(alice, bob);
  await lands(await launch(alice, bob, 'lost, again'));
  await lands(await launch(bob, alice, 'got it'));
  await lands(await launch(alice, bob, 'good'));
});
