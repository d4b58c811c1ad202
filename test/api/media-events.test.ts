// F50: WhatsApp's media host answers 404 or 410, is slow, breaks off, or gives what was not sent. The message is told at once
// all the same; a file that is gone is asked of the phone once; and what became of the file is an event.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { startInbound } from '../support/inbound.ts';
import { until } from '../support/until.ts';

test('F50: what becomes of a file is told, and the message does not wait for it', {
  timeout: 500_000,
}, async t => {
  const { node, self, ann, event } = await startInbound(t);
  const { simulator } = node;

  /** A document arrives, and its message is told although nobody can have its file. */
  async function arrives(fault?: () => Promise<unknown>): Promise<string> {
    const query = {
      to: self.phone,
      kind: 'document',
      fileName: 'a.pdf',
      mimetype: 'application/pdf',
    } as const;
    const { id } = await simulator.sendMedia(ann.phone, query, randomBytes(50_000));
    await fault?.();
    const { payload } = await event('message', { id });
    assert.equal(typeof (payload.document as Record<string, unknown>).url, 'string');
    return id;
  }
  const ask = (id: string) =>
    until(async () => {
      const answer = await node.api<{ file_size: number }>(
        'GET',
        `/message/${id}/download?phone=${ann.phone}`,
      );
      return answer.body.code === 'MESSAGE_NOT_FOUND' ? undefined : answer;
    });
  const about = (id: string) => ({
    message_id: id,
    chat_id: ann.jid,
    chat_lid: ann.lid,
    media_type: 'document',
    mimetype: 'application/pdf',
    filename: 'a.pdf',
  });
  async function told(name: 'media.ready' | 'media.failed', id: string) {
    const { timestamp, ...payload } = (await event(name, { message_id: id })).payload;
    assert.ok(!Number.isNaN(Date.parse(String(timestamp))));
    return payload;
  }
  /** How often the phone was asked for a file while this was done. */
  async function asked(params: Record<string, unknown>, act: () => Promise<unknown>): Promise<number> {
    await simulator.arm('media.retry', { params });
    await act();
    const fault = (await simulator.faults()).armed.find(({ name }) => name === 'media.retry');
    await simulator.disarm();
    return fault?.fired ?? 0;
  }
  const expire = (id: string, status: 404 | 410) =>
    simulator.call('expireMedia', { body: { phone: ann.phone, id, status } });

  await t.test('one that is there: media.ready', async () => {
    const id = await arrives();
    assert.equal((await ask(id)).status, 200);
    assert.deepEqual(await told('media.ready', id), { ...about(id), size: 50_000, by: 'host' });
  });

  for (const status of [404, 410] as const) {
    await t.test(`${status}, and the phone has it: asked of it once, then media.ready`, async () => {
      const id = await arrives();
      await expire(id, status);
      const answer = await ask(id);
      assert.equal(answer.status, 200, answer.body.message);
      assert.deepEqual(await told('media.ready', id), { ...about(id), size: 50_000, by: 'phone' });
    });

    await t.test(`${status}, and the phone has it no more: asked of it once, then media.failed`, async () => {
      const id = await arrives();
      await expire(id, status);
      const times = await asked({ result: 'not-found' }, async () =>
        assert.equal((await ask(id)).status, 410),
      );
      assert.equal(times, 1);
      assert.deepEqual(await told('media.failed', id), { ...about(id), reason: 'gone' });
    });
  }

  await t.test('slow, and in small pieces: it comes all the same', async () => {
    const id = await arrives(() => simulator.arm('media.slow'));
    assert.equal((await ask(id)).status, 200);
    await simulator.disarm();
    assert.equal((await told('media.ready', id)).size, 50_000);
  });

  for (const [fault, reason] of [
    ['media.bad-mac', 'corrupt'],
    ['media.corrupt', 'corrupt'],
    ['media.wrong-length', 'corrupt'],
    ['media.truncated', 'failed'],
    ['media.status', 'failed'],
  ] as const)
    await t.test(`${fault}: media.failed, and no second time of its own accord`, async () => {
      const id = await arrives(() => simulator.arm(fault));
      assert.equal((await ask(id)).status, 502);
      await simulator.disarm();
      assert.deepEqual(await told('media.failed', id), { ...about(id), reason });
      // Asked for again it is there.
      assert.equal((await ask(id)).status, 200);
      assert.equal((await told('media.ready', id)).by, 'host');
    });

  await t.test('a host that never ends, and a phone that does not answer: late', async () => {
    await node.restart({ COMMAND_SECONDS: '4' });
    await node.opened();
    const id = await arrives();
    await expire(id, 404);
    await simulator.arm('media.retry-silent');
    assert.equal((await ask(id)).status, 504);
    await simulator.disarm();
    assert.deepEqual(await told('media.failed', id), { ...about(id), reason: 'late' });
  });
});
