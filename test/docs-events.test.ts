import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { waits } from '../src/delivery/schedule.ts';
import { signer } from '../src/delivery/sign.ts';
import { eventNames } from '../src/journal/names.ts';

const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');

test('docs/events.md has a section for every event, in their order, and for no other', () => {
  const documented = [...page.matchAll(/^### `(.+)`$/gm)].map(([, name]) => name);
  assert.deepEqual(documented, [...eventNames]);
});

test('docs/events.md tells the schedule that is kept', () => {
  const [, first, last] = /after ([\d, ]+) and then every (\d+) seconds/.exec(page) ?? [];
  assert.deepEqual([...(first ?? '').split(',').map(Number), Number(last)], [...waits]);
});

test('the code for Node in docs/events.md tells our signatures from others', async () => {
  const [, code] = /```js\n([\s\S]+?)```/.exec(page) ?? [];
  const { verify } = await import(`data:text/javascript,${encodeURIComponent(code ?? '')}`);
  for (const secret of ['segredo ç', `whsec_${Buffer.alloc(32, 5).toString('base64')}`]) {
    const body = '{"body":"olá"}';
    const headers = signer(secret)('ev_1', Date.now(), body);
    assert.equal(verify(headers, Buffer.from(body), secret), true);
    assert.equal(verify(headers, Buffer.from(`${body} `), secret), false);
    assert.equal(verify(headers, Buffer.from(body), 'another'), false);
    assert.equal(verify(headers, Buffer.from(body), secret, Date.now() + 600_000), false);
    assert.equal(verify({ ...headers, 'webhook-signature': 'v1,' }, Buffer.from(body), secret), false);
  }
});
