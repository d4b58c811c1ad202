// Sending and receiving at once on one session, with a store that takes 5 ms: ours and stock Baileys in the same test.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { addTransactionCapability, type SignalKeyStoreWithTransaction } from '@whiskeysockets/baileys';
import { acquaint, type Ciphertext, hear, makePeer, memoryKeys, type Peer, quiet, say } from './signal.ts';
import { deviceStore, slowDown } from './store.ts';

const ROUNDS = 40;
const STORE_MS = 5;

/** How many messages were not read, of one each way and round. Bob has a store that takes no time. */
async function rounds(alice: Peer, send: (bob: Peer, text: string) => Promise<Ciphertext>) {
  const bob = makePeer('2000:1@lid');
  await acquaint(alice, bob);
  let atPeer = 0;
  let atAlice = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const inbound = await say(bob, alice, `in ${round}`);
    const sent = send(bob, `out ${round}`);
    await hear(alice, bob, inbound).then(
      text => assert.equal(text, `in ${round}`),
      () => atAlice++,
    );
    const said = await sent;
    await hear(bob, alice, said).then(
      text => assert.equal(text, `out ${round}`),
      () => atPeer++,
    );
  }
  return { atPeer, atAlice };
}

/** The key store that stock Baileys makes of what it is given (Socket/socket.js), over one that is slow. */
function stockKeys(): SignalKeyStoreWithTransaction {
  const memory = memoryKeys();
  const slow = {
    get: async (...asked: Parameters<typeof memory.get>) => {
      await delay(STORE_MS);
      return memory.get(...asked);
    },
    set: async (written: Parameters<typeof memory.set>[0]) => {
      const asItIs = structuredClone(written);
      await delay(STORE_MS);
      await memory.set(asItIs);
    },
  } as SignalKeyStoreWithTransaction;
  return addTransactionCapability(slow, quiet, { maxCommitRetries: 1, delayBetweenTriesMs: 0 });
}

test('forty rounds of sending while receiving on one session with a store of 5 ms: none fails; with stock Baileys, most', async t => {
  const { sql, seat, open } = await deviceStore(t);
  const ours = open(await seat());
  await slowDown(sql, STORE_MS);
  const withOurs = await rounds(ours, (bob, text) => say(ours, bob, text));
  t.diagnostic(
    `ours: ${withOurs.atPeer} of ${ROUNDS} failed at the peer, ${withOurs.atAlice} of ${ROUNDS} at us`,
  );
  assert.deepEqual(withOurs, { atPeer: 0, atAlice: 0 });

  const stock = makePeer('1000:1@lid', stockKeys());
  // As relayMessage does (Socket/messages-send.js): in a transaction of its own account it looks for the session, then
  // encrypts, then writes to the wire.
  const withStock = await rounds(stock, (bob, text) =>
    stock.keys.transaction(async () => {
      await stock.repository.validateSession(bob.jid);
      const said = await say(stock, bob, text);
      await delay(1); // the wire
      return said;
    }, stock.jid),
  );
  t.diagnostic(
    `stock: ${withStock.atPeer} of ${ROUNDS} failed at the peer, ${withStock.atAlice} of ${ROUNDS} at us`,
  );
  assert.ok(withStock.atPeer > ROUNDS / 2, 'when stock Baileys can do this, our lane may be asked about');
});
