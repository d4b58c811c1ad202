// Bytes from strangers: whatever they are, they are refused, and the next message is read.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRepository } from '../../src/device/signal/repository.ts';
import { Undecryptable } from '../../src/device/signal/undecryptable.ts';
import { between, pick, seeded } from '../support/random.ts';
import { acquaint, hear, introduce, makePeer, memoryKeys, say } from './signal.ts';

/** The bytes with something wrong: turned bits, a cut, a repetition, or noise in a place. */
function spoilt(random: () => number, bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  const at = between(random, 0, copy.length - 1);
  const spoil = pick(random, [
    () => {
      copy.writeUInt8(copy.readUInt8(at) ^ (1 << between(random, 0, 7)), at);
      return copy;
    },
    () => copy.subarray(0, at),
    () => Buffer.concat([copy.subarray(0, at + 1), copy]),
    () => {
      for (let i = at; i < Math.min(at + 8, copy.length); i++)
        copy[i] = (bytes[i] ?? 0) ^ between(random, 1, 255);
      return copy;
    },
    () => Buffer.from(copy.map(() => between(random, 0, 255))),
  ]);
  return spoil();
}

test('spoilt messages, first messages, group messages and sender keys are refused, and nothing hangs or breaks', async () => {
  const random = seeded(4);
  const keys = memoryKeys();
  const alice = makePeer('111:1@lid', keys, makeRepository(keys as never));
  const bob = makePeer('222:2@lid');
  const eve = makePeer('333:3@lid');
  const group = '123456@g.us';
  await acquaint(alice, bob);
  await introduce(eve, alice);
  const said = await bob.repository.encryptGroupMessage({ group, meId: bob.jid, data: Buffer.from('hi') });
  const item = { groupId: group, axolotlSenderKeyDistributionMessage: said.senderKeyDistributionMessage };
  await alice.repository.processSenderKeyDistributionMessage({ item, authorJid: bob.jid });
  const message = await say(bob, alice, 'hi');
  const first = await say(eve, alice, 'hi');
  const before = new Map(keys.values);
  let refused = 0;
  for (let i = 0; i < 3_000; i++) {
    const attempts = [
      () => hear(alice, bob, { type: 'msg', ciphertext: spoilt(random, message.ciphertext) }),
      () => hear(alice, eve, { type: 'pkmsg', ciphertext: spoilt(random, first.ciphertext) }),
      () =>
        alice.repository.decryptGroupMessage({
          group,
          authorJid: bob.jid,
          msg: spoilt(random, said.ciphertext),
        }),
    ];
    await pick(random, attempts)().then(
      text => assert.equal(String(text), 'hi'),
      error => {
        assert.ok(error instanceof Undecryptable, String(error));
        refused++;
      },
    );
    const key = spoilt(random, said.senderKeyDistributionMessage);
    const bad = { groupId: group, axolotlSenderKeyDistributionMessage: key };
    await alice.repository
      .processSenderKeyDistributionMessage({ item: bad, authorJid: eve.jid })
      .catch(() => {});
  }
  assert.ok(refused > 2_500, `${refused}`);
  // Who reads eve's first message, spoilt where its MAC does not reach, has her session and used her pre-key.
  for (const [name, value] of before)
    if (!/333|pre-key/.test(name)) assert.deepEqual(keys.values.get(name), value, name);
  assert.equal(await hear(alice, bob, message), 'hi');
});
