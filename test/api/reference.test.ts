// The page at /docs in a real browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiServer } from '../../src/api/server.ts';
import { createApi, nobodyListens } from '../support/api.ts';
import { noBrowser, openPage } from '../support/browser.ts';

test('the reference shows every operation, finds one and tries it, with nothing from elsewhere', {
  skip: noBrowser,
}, async t => {
  const { app, log, devices } = createApi({ basePath: '/whatsapp' });
  devices.add('sales', { name: '<img src=x onerror="document.title=1">' });
  const server = new ApiServer({
    app,
    log,
    live: nobodyListens(),
    host: '127.0.0.1',
    port: 0,
    closeWithin: 1_000,
  });
  await server.start();
  t.after(() => server.stop());
  const { page, errors } = await openPage(t, `${server.url}/whatsapp/docs`);
  const { paths } = (await (await fetch(`${server.url}/whatsapp/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  const ids = Object.values(paths).flatMap(methods =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  await page.waitForSelector('#sendMessage');
  const shown = await page.$$eval('article', articles => articles.map(({ id }) => id));
  assert.deepEqual(shown.sort(), ids.sort());

  await page.type('#find', 'post /send/mess');
  assert.deepEqual(await page.$$eval('article:not([hidden])', left => left.map(({ id }) => id)), [
    'sendMessage',
  ]);
  await page.click('#sendMessage .try summary');
  const body = await page.$eval(
    '#sendMessage textarea',
    area => (area as unknown as { value: string }).value,
  );
  assert.deepEqual(JSON.parse(body), { phone: '15551234567', message: 'Hello' });
  await page.click('#sendMessage .try button');
  await page.waitForFunction(
    "document.querySelector('#sendMessage [role=status]').textContent.startsWith('200')",
  );
  const [given] = devices.given;
  assert.equal(given?.command.do, 'send-text');
  const command = await page.$eval('#sendMessage .try pre', pre => pre.textContent);
  assert.match(command ?? '', /^curl -X POST 'http:\/\/127\.0\.0\.1:\d+\/whatsapp\/send\/message'/);

  await page.$eval('#find', input => {
    (input as unknown as { value: string }).value = '';
    input.dispatchEvent(new Event('input'));
  });
  await page.click('#getDevice .try summary');
  await page.type('#getDevice input', 'sales');
  await page.click('#getDevice .try button');
  await page.waitForFunction(
    "document.querySelector('#getDevice [role=status]').textContent.includes('onerror')",
  );
  assert.equal(await page.title(), 'API · Cardume');
  assert.deepEqual(errors, []);
});

test('the reference needs a credential like everything else', async () => {
  const { app } = createApi({ credentials: { basic: [], keys: ['secret-key'] } });
  for (const path of ['/docs', '/assets/reference.js', '/openapi.json']) {
    assert.equal((await app.request(path)).status, 401, path);
    const headers = { authorization: 'Bearer secret-key' };
    assert.equal((await app.request(path, { headers })).status, 200, path);
  }
});
