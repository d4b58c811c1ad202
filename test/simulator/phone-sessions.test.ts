import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Device } from '../../src/simulator/accounts/accounts.ts';
import { freshSignalState, PhoneSignal, type Sealed } from '../../src/simulator/phone/signal.ts';
import { generateKeyPair } from '../../src/simulator/wire/crypto.ts';
import { seeded, shuffled } from '../support/random.ts';

/** A phone, and what others know of it. */
function phone(lid: string) {
  const identity = generateKeyPair();
  const signal = new PhoneSignal(identity, freshSignalState(identity));
  return { signal, device: { id: 0, account: { lid } } as Device };
}

test('two phones that write to each other first at the same time understand each other from then on', async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = seeded(seed);
    const [ann, ben] = [phone('111'), phone('222')];
    const meet = (one: typeof ann, other: typeof ann) =>
      one.signal.startSessionWith(other.device, {
        ...other.signal.keys,
        oneTime: other.signal.newPreKey(),
      });
    await meet(ann, ben);
    await meet(ben, ann);
    const air: { from: typeof ann; to: typeof ann; text: string; sealed: Sealed }[] = [];
    for (let round = 0; round < 20; round++) {
      for (const [from, to] of [
        [ann, ben],
        [ben, ann],
      ] as const) {
        const text = `${round} from ${from.device.account.lid}`;
        air.push({ from, to, text, sealed: await from.signal.encrypt(to.device, Buffer.from(text)) });
      }
      for (const one of shuffled(random, air).slice(0, round === 19 ? air.length : 2)) {
        const plain = await one.to.signal.decrypt(one.from.device, one.sealed.type, one.sealed.ciphertext);
        assert.equal(Buffer.from(plain).toString(), one.text, `seed ${seed}`);
        air.splice(air.indexOf(one), 1);
      }
    }
  }
});
