// What any deliverer must do at least, in a process of its own: a loop over `undici.request` that posts bodies which are
// there, over kept connections, so many at a time. No order, no cursor, no database. Started by cost.ts.
import { Agent, request } from 'undici';
import { signer } from '../../../src/delivery/sign.ts';
import { pause } from '../children.ts';
import { answer } from './call.ts';
import { type Bodies, clock, type ToBare } from './protocol.ts';

const TICK_MS = 5;

let loaded: Bodies = { ids: [], bodies: [] };

async function post({ url, secret, rate, concurrency }: Extract<ToBare, { op: 'post' }>): Promise<void> {
  const { ids, bodies } = loaded;
  const dispatcher = new Agent({ connections: concurrency, pipelining: 1 });
  const sign = secret === undefined ? undefined : signer(secret);
  let next = 0;
  let due = rate === undefined ? bodies.length : 0;
  let running = 0;
  let ended = () => {};
  const worker = async () => {
    while (next < due) {
      const n = next++;
      const [id = '', body = ''] = [ids[n], bodies[n]];
      const headers = { 'content-type': 'application/json', ...sign?.(id, Date.now(), body) };
      const answer = await request(url, { method: 'POST', headers, body, dispatcher });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`it answers ${answer.statusCode}`);
    }
  };
  const failed: unknown[] = [];
  const fill = () => {
    for (; running < concurrency && running < due - next; running++)
      void worker()
        .catch(error => failed.push(error))
        .finally(() => {
          running -= 1;
          ended();
        });
  };
  const start = clock();
  while (next < bodies.length) {
    if (rate !== undefined) due = Math.min(bodies.length, Math.floor(((clock() - start) / 1000) * rate));
    fill();
    if (failed.length > 0) throw failed[0];
    await pause(TICK_MS);
  }
  while (running > 0) await new Promise<void>(resolve => (ended = resolve));
  await dispatcher.close();
  if (failed.length > 0) throw failed[0];
}

answer(async (message: ToBare) => {
  if (message.op === 'post') return await post(message);
  loaded = message.load;
});
