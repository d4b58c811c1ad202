import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi } from '../support/api.ts';

test('the first page lists the devices and offers to add one', async () => {
  const { app, devices } = createApi();
  assert.match(await (await app.request('/')).text(), /There is none yet/);
  devices.add('sales', { name: `<img src=x onerror="alert(1)">`, jid: '15551234567:1@s.whatsapp.net' });
  const page = await app.request('/');
  assert.match(page.headers.get('content-type') ?? '', /^text\/html; charset=utf-8/i);
  const text = await page.text();
  assert.match(text, /href="\/devices\/sales\/qr"/);
  assert.match(text, /15551234567/);
  assert.match(text, /Add a device/);
  assert.doesNotMatch(text, /<img/);
});

test('the page of a device names what it follows, and offers the simulator only where there is one', async () => {
  const real = createApi();
  real.devices.add('sales', { phase: 'unlinked', linked: false });
  const page = await real.app.request('/devices/sales/qr');
  const text = await page.text();
  assert.match(text, /data-device="sales"/);
  assert.doesNotMatch(text, /simulated/i);
  assert.match(page.headers.get('content-security-policy') ?? '', /connect-src 'self';/);

  const simulated = createApi({ simulator: { controlUrl: 'http://127.0.0.1:4567/' } });
  simulated.devices.add('sales', { phase: 'unlinked', linked: false });
  const other = await simulated.app.request('/devices/sales/qr');
  const simulatedText = await other.text();
  assert.match(simulatedText, /Scan with a simulated phone/);
  assert.match(simulatedText, /data-control="http:\/\/127\.0\.0\.1:4567"/);
  assert.match(
    other.headers.get('content-security-policy') ?? '',
    /connect-src 'self' http:\/\/127\.0\.0\.1:4567;/,
  );
  assert.equal((await real.app.request('/devices/nobody/qr')).status, 404);
});

test('no page has an inline script or style, nothing comes from elsewhere, and nothing is kept', async () => {
  const { app, devices } = createApi();
  devices.add('sales');
  for (const path of ['/', '/devices/sales/qr', '/docs']) {
    const page = await app.request(path);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(page.headers.get('cache-control'), 'no-store');
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    const text = await page.text();
    assert.doesNotMatch(text, /<script>|<style|\son\w+=|style=|https?:\/\//);
    const linked = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, asset]) => String(asset));
    assert.ok(linked.length >= 2);
    for (const asset of linked) {
      const response = await app.request(asset);
      assert.equal(response.status, 200, asset);
      const type = asset.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8';
      assert.equal(response.headers.get('content-type'), type);
    }
  }
});
