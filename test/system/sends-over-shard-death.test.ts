import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../support/calls.ts';
import { startNode, type TestNode } from '../support/node.ts';
import { until } from '../support/until.ts';

test('a send meets the death of its shard: it is given to the next thread under the same id, and nothing is said twice', async t => {
  const node = await startNode(t, { devices: 4, workers: 2, settings: { COMMAND_SECONDS: '20' } });
  await node.opened();
  const { phone } = await node.simulator.createPhone();
  const on = (shard: number) => node.seeded.filter(({ id }) => node.device(id).shard === shard);

  await t.test('begun while the shard restarts it waits and succeeds', async () => {
    const id = on(0)[0]?.id ?? '';
    node.node.supervisor.inject(0, 'throw');
    await until(() => node.device(id).reason === 'the shard restarts');
    const { status, body } = await node.sendText(id, phone, 'patience');
    assert.equal(status, 200, body.message);
  });

  await t.test('under load each is answered, and who has 200 or 504 was heard', async () => {
    const answers: { text: string; answer: Answer<{ message_id: string }> }[] = [];
    let going = true;
    const senders = node.seeded.map(async ({ id }) => {
      for (let n = 0; going; n++) {
        const text = `${id} under load ${n}`;
        answers.push({ text, answer: await node.sendText(id, phone, text) });
      }
    });
    const served = async (shard: number) => {
      const from = answers.length;
      const names = new Set(on(shard).map(({ id }) => id));
      await until(() =>
        answers.slice(from).some(({ text, answer }) => {
          const [id = ''] = text.split(' ');
          return answer.status === 200 && names.has(id);
        }),
      );
    };
    await served(0);
    node.node.supervisor.inject(1, 'exit');
    await until(() => restarts(node, 1) === 1);
    await served(1);
    // A blocked thread takes commands and answers none of them until it is found out.
    node.node.supervisor.inject(0, 'loop');
    await until(() => restarts(node, 0) === 2);
    await served(0);
    going = false;
    await Promise.all(senders);

    for (const { answer } of answers) {
      assert.ok([200, 503, 504].includes(answer.status), `${answer.status} ${answer.body.code}`);
      if (answer.status === 503) assert.ok(Number(answer.headers.get('retry-after')) > 0);
    }
    const sent = answers.filter(({ answer }) => answer.status === 200 || answer.status === 504);
    const heard = await until(async () => {
      const heard = (await node.simulator.messages(phone)).filter(({ fromMe }) => !fromMe);
      const ids = new Set(heard.map(({ id }) => id));
      return sent.every(({ answer }) => ids.has(answer.body.results?.message_id ?? '')) ? heard : undefined;
    });
    // A receiver shows one message of an id, however many copies come.
    const ids = new Map(heard.map(({ text, id }) => [text, id]));
    assert.equal(new Set(heard.map(({ id }) => id)).size, ids.size, 'nobody hears a text twice');
    assert.equal((await node.simulator.violations()).total, 0);
  });

  await t.test('while no shard may run it is refused with 503 and Retry-After', async () => {
    await node.restart({ WORKERS: '1', COMMAND_SECONDS: '1' });
    await node.opened();
    const state = () => node.node.supervisor.shards()[0]?.state;
    for (const death of [1, 2, 3]) {
      node.node.supervisor.inject(0, 'throw');
      await until(() => restarts(node, 0) === death);
      if (death < 3) await until(() => state() === 'up');
    }
    assert.equal(state(), 'quarantined');
    const answer = await node.sendText(node.seeded[0]?.id ?? '', phone, 'nobody home');
    assert.deepEqual([answer.status, answer.body.code], [503, 'SHARD_UNAVAILABLE']);
    assert.ok(Number(answer.headers.get('retry-after')) > 0);
    const ready = await node.api<{ reasons: string[] }>('GET', '/ready');
    assert.equal(ready.status, 503);
  });
  assert.deepEqual(node.fatal, []);
});

function restarts({ node }: TestNode, shard: number): number {
  return node.supervisor.shards()[shard]?.restarts ?? 0;
}
