// /call over HTTP, with a whole node.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Actor, refusal, results, startActors } from '../support/acting.ts';
import { until } from '../support/until.ts';

test('calls', async t => {
  const { node, actors } = await startActors(t, 1);
  const [ana] = actors as [Actor];
  const { simulator } = node;
  const { phone: caller } = await simulator.createPhone();
  const call = () => simulator.call('call', { params: { phone: caller }, body: { to: ana.phone } });
  const ended = async (id: string) =>
    (await simulator.call('calls')).find(one => one.id === id)?.parties[ana.phone];

  await t.test('a call that rings is rejected by the number of who calls', async () => {
    for (const caller_jid of [`${caller}@s.whatsapp.net`, caller]) {
      const { id } = await call();
      const answer = await ana.post('/call/reject', { caller_jid, call_id: id });
      assert.deepEqual([answer.status, answer.body.message], [200, 'Call rejected successfully']);
      await until(async () => (await ended(id)) === 'rejected');
    }
    const { id } = await call();
    results(await ana.form('/call/reject', { caller_jid: caller, call_id: id }));
    await until(async () => (await ended(id)) === 'rejected');
  });

  await t.test('what is no call cannot be rejected', async () => {
    const reject = (caller_jid: string, call_id: string) =>
      ana.post<{ field?: string }>('/call/reject', { caller_jid, call_id });
    assert.deepEqual(refusal(await reject(caller, 'ABCDEF')), [404, 'WA_NOT_FOUND']);
    const group = await reject('120363025982934543@g.us', 'ABCDEF');
    assert.deepEqual([...refusal(group), group.body.results?.field], [400, 'INVALID_JID', 'caller_jid']);
    const odd = await reject(caller, '../x');
    assert.deepEqual([...refusal(odd), odd.body.results?.field], [400, 'VALIDATION_ERROR', 'call_id']);
    assert.deepEqual(refusal(await ana.post('/call/reject', {})), [400, 'VALIDATION_ERROR']);
  });

  await t.test('a link to a call is made, for sound or pictures, now or later', async () => {
    const link = async (body: object) =>
      results(await ana.post<{ link: string; token: string }>('/call/link', body));
    const video = await link({});
    assert.equal(video.link, `https://call.whatsapp.com/video/${video.token}`);
    assert.match(video.token, /^[\w-]{20,}$/);
    const audio = await link({ type: 'audio', start_time: 1_900_000_000 });
    assert.equal(audio.link, `https://call.whatsapp.com/voice/${audio.token}`);
    assert.deepEqual(refusal(await ana.post('/call/link', { type: 'smell' })), [400, 'VALIDATION_ERROR']);
    assert.deepEqual(refusal(await ana.post('/call/link', { start_time: 'soon' })), [
      400,
      'VALIDATION_ERROR',
    ]);
  });
});
