import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PhoneMessage } from '../../src/simulator/control/client.ts';
import type { Answer } from '../support/calls.ts';
import { type Program, startProgram } from '../support/program.ts';
import { receiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';
import { startWorld, type World } from '../support/world.ts';

const DRAIN_SECONDS = 20;

test('SIGTERM under load ends with 0 in time, and no text is lost or doubled on either side', async t => {
  const hook = await receiver(t);
  const world = await startWorld(t, { devices: 6 });
  const settings = {
    ...world.settings,
    WORKERS: '1',
    WEBHOOK_URL: hook.url,
    DRAIN_SECONDS: String(DRAIN_SECONDS),
  };
  const first = await startProgram(t, settings);
  const ids = world.seeded.map(({ id }) => id);
  await first.opened(ids);
  const ana = await world.simulator.createPhone();

  const load = startLoad(world, first, ana.phone);
  await until(() => load.answers.length > 40 && load.told > 40);
  first.kill('SIGTERM');
  const late = setTimeout(() => first.kill('SIGKILL'), DRAIN_SECONDS * 1000);
  assert.equal(await first.ended, 0, 'it ended by itself');
  clearTimeout(late);
  await load.stop();

  const sent = load.answers
    .filter(({ status }) => status === 200)
    .map(({ body }) => body.results?.message_id ?? '');
  const others = new Set(load.answers.filter(({ status }) => status !== 200).map(({ status }) => status));
  assert.ok(
    [...others].every(status => status === 503),
    `nothing else than 200 and 503: ${[...others]}`,
  );
  for (const id of sent) {
    const entry = await world.simulator.call('ledgerMessage', { params: { id } });
    assert.equal(entry.sent, 1);
  }
  const received = (await world.simulator.messages(ana.phone)).filter(({ fromMe }) => !fromMe);
  const seen = received.map(({ id }: PhoneMessage) => id);
  assert.equal(new Set(seen).size, seen.length);
  assert.deepEqual(new Set(sent), new Set(seen), 'what was answered with 200 is what has left');

  const second = await startProgram(t, settings);
  await second.opened(ids);
  const arrived = () => hook.delivered.filter(({ event }) => event === 'message');
  await until(() => new Set(arrived().map(({ id }) => id)).size >= load.told, {
    what: `${load.told} texts at the webhook`,
  });
  for (const { id } of world.seeded) {
    const texts = new Map(
      arrived()
        .filter(({ session_id }) => session_id === id)
        .map(({ seq, payload }) => [seq, payload.body]),
    );
    const inOrder = [...texts].sort(([a], [b]) => a - b).map(([, body]) => body);
    assert.deepEqual(inOrder, load.texts.get(id));
  }
  const ledger = await world.simulator.ledger();
  assert.equal(ledger.duplicates, 0);
  assert.equal(ledger.retries, 0, 'nothing had to be sent again');
  second.kill('SIGTERM');
  assert.equal(await second.ended, 0);
});

/** Every device sends without a pause, and gets texts without a pause. */
function startLoad({ simulator, seeded }: World, program: Program, phone: string) {
  const answers: Answer<{ message_id: string }>[] = [];
  const texts = new Map(seeded.map(({ id }) => [id, [] as string[]]));
  let going = true;
  let told = 0;
  const sender = async (id: string) => {
    for (let n = 0; going; n++) {
      // Once it is gone nobody answers; what it had taken it has answered before.
      const answer = await program.sendText(id, phone, `${id} says ${n}`).catch(() => undefined);
      if (!answer) return;
      answers.push(answer);
    }
  };
  const teller = async () => {
    for (let n = 0; going; n++)
      for (const { id, phone: to } of seeded) {
        const text = `${id} hears ${n}`;
        await simulator.send(phone, to, text);
        texts.get(id)?.push(text);
        told++;
      }
  };
  const all = Promise.all([...seeded.map(({ id }) => sender(id)), teller()]);
  return {
    answers,
    texts,
    get told() {
      return told;
    },
    async stop() {
      going = false;
      await all;
    },
  };
}
