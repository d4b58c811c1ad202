// Random steps over the Signal state of one device: whatever happens, in whatever order, nothing is lost, no key is used
// twice, nobody fails to decrypt. SEED, STEPS and RUNS: `SEED=7 STEPS=2000 RUNS=1 npm test -- state-machine`.
import '../../src/device/shims.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between, pick, seeded } from '../support/random.ts';
import { GROUP, Machine } from './machine.ts';

const FIRST = Number(process.env.SEED ?? 1);
const RUNS = Number(process.env.RUNS ?? 4);
const STEPS = Number(process.env.STEPS ?? 64);
const PEERS = 2;

type Step = (machine: Machine, random: () => number) => Promise<unknown>;
const somebody = (machine: Machine, random: () => number) => pick(random, machine.peers);
/**
 * Not far, for a session keeps the last five chains of a peer only, and a server keeps the order but for accidents. Of a
 * group the order counts: the key comes first.
 */
function near({ queue }: Machine, random: () => number): number {
  const index = queue.length === 0 ? 0 : between(random, 0, Math.min(2, queue.length - 1));
  return queue[index]?.node.attrs.participant === undefined ? index : 0;
}

/** What may happen, and how often against the others. */
const steps: Readonly<Record<string, readonly [weight: number, step: Step]>> = {
  'a peer writes': [12, (m, random) => m.write(somebody(m, random), false)],
  'a peer writes to the group': [8, (m, random) => m.write(somebody(m, random), true)],
  'we send': [10, (m, random) => m.send(somebody(m, random))],
  'we send to the group': [6, m => m.send(GROUP)],
  'we receive': [20, m => m.receive(0)],
  'we receive out of order': [5, (m, random) => m.receive(near(m, random))],
  'we receive what is spoiled': [2, (m, random) => m.receive(near(m, random), { spoiled: true })],
  'we send and receive at once': [6, (m, random) => together(m, random)],
  'the ratchet turns': [4, (m, random) => turn(m, random)],
  'a new session with a one-time pre-key': [2, (m, random) => m.begin(somebody(m, random), true)],
  'a new session without one': [2, (m, random) => m.begin(somebody(m, random), false)],
  'we renew a session': [2, (m, random) => m.renew(somebody(m, random))],
  'a commit fails': [3, (m, random) => withFailure(m, random, 'before')],
  'the answer to a commit is lost': [3, (m, random) => withFailure(m, random, 'after')],
  'killed after the commit': [4, (m, random) => killed(m, random, 'after commit')],
  'killed after the receipt': [4, (m, random) => killed(m, random, 'after receipt')],
  'killed after the journal': [2, (m, random) => killed(m, random, 'after journal')],
  'killed after the wire': [4, (m, random) => killed(m, random, 'after wire')],
  'killed at rest': [2, m => m.rebuild()],
  'a clean restart': [2, m => m.restart()],
  'the lease is lost': [2, (m, random) => m.loseLease().then(() => m.send(somebody(m, random)))],
};

/** One after the other in the machine's own lane would hide what this is for. */
async function together(machine: Machine, random: () => number): Promise<void> {
  const peer = somebody(machine, random);
  await machine.write(peer, false);
  await Promise.all([machine.send(peer), machine.receive(0)]);
}

async function turn(machine: Machine, random: () => number): Promise<void> {
  const peer = somebody(machine, random);
  await drained(machine);
  for (let n = 0; n < 3; n++) {
    await machine.write(peer, false);
    await machine.receive(0);
    await machine.send(peer);
  }
}

async function drained(machine: Machine): Promise<void> {
  for (let left = 2 * machine.queue.length; machine.queue.length > 0 && left > 0; left--)
    await machine.receive(0);
}

async function withFailure(machine: Machine, random: () => number, how: 'before' | 'after'): Promise<void> {
  await machine.write(somebody(machine, random), random() < 0.5);
  machine.failing = how;
  if (random() < 0.5) await machine.receive(0);
  else await machine.send(random() < 0.5 ? GROUP : somebody(machine, random));
  machine.failing = undefined;
}

async function killed(
  machine: Machine,
  random: () => number,
  where: NonNullable<Machine['die']>,
): Promise<void> {
  await machine.write(somebody(machine, random), random() < 0.5);
  machine.die = where;
  if (where === 'after wire') await machine.send(random() < 0.5 ? GROUP : somebody(machine, random));
  else await machine.receive(0);
  machine.die = undefined;
}

function drawn(random: () => number): string {
  const names = Object.keys(steps);
  let left = random() * names.reduce((sum, name) => sum + (steps[name]?.[0] ?? 0), 0);
  for (const name of names) {
    left -= steps[name]?.[0] ?? 0;
    if (left < 0) return name;
  }
  return names[0] as string;
}

for (let seed = FIRST; seed < FIRST + RUNS; seed++)
  test(`${STEPS} random steps lose nothing, use no key twice, and leave nothing undecryptable (seed ${seed})`, async t => {
    const random = seeded(seed);
    const machine = await Machine.make(t, PEERS);
    const history: string[] = [];
    const at = () => `seed ${seed}, step ${history.length}: ${history.at(-1)}`;
    for (let n = 0; n < STEPS; n++) {
      const name = drawn(random);
      history.push(name);
      await steps[name]?.[1](machine, random).catch((error: Error) => {
        throw new Error(`${at()}: ${error.message}`, { cause: error });
      });
      assert.deepEqual(machine.broken, [], `${at()}, after ${history.slice(-8).join(' · ')}`);
    }
    await machine.restart();
    await drained(machine);
    assert.deepEqual(machine.broken, [], at());
    assert.equal(machine.queue.length, 0, 'everything is confirmed');

    const { seqs, last, texts } = await machine.journal();
    assert.deepEqual(
      seqs,
      Array.from({ length: last }, (_, n) => n + 1),
      'no gap',
    );
    assert.deepEqual(texts.toSorted(), [...machine.wrote.values()].sort(), 'each once');
    const heard = new Map([...machine.heard.values()].flatMap(of => [...of]));
    for (const [id, text] of machine.promised) assert.equal(heard.get(id), text, `${id} was promised`);
  });
