// The first page and the page of a device, in a real browser: what the README asks a newcomer to do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { makeLogger } from '../../src/lib/logger.ts';
import { Node } from '../../src/node.ts';
import { noBrowser, openPage } from '../support/browser.ts';
import { startWorld } from '../support/world.ts';

test('a device is added on the first page and paired on its own, with a phone of the simulator', {
  skip: noBrowser,
}, async t => {
  const world = await startWorld(t);
  const node = new Node({
    config: readConfig({ ...world.settings, WORKERS: '1', LOG_LEVEL: 'silent' }),
    log: makeLogger('silent', {}),
    version: 'test',
    simulator: { controlUrl: world.server.controlUrl },
    fatal: why => assert.fail(why),
  });
  await node.start();
  world.atEnd(() => node.stop());

  const { page, errors } = await openPage(t, node.url);
  await page.type('input[name=device_id]', 'no good id');
  await page.click('#login button');
  await page.waitForFunction("document.querySelector('.problem').textContent.includes('device id')");
  await page.$eval('input[name=device_id]', input => {
    (input as unknown as { value: string }).value = '';
  });
  await page.type('input[name=device_id]', 'sales');
  await Promise.all([page.waitForNavigation(), page.click('#login button')]);
  assert.equal(page.url(), `${node.url}/devices/sales/qr`);
  await page.waitForSelector('#scan', { visible: true });
  await page.click('#scan');
  await page.waitForFunction("document.querySelector('#state').textContent === 'open'");
  const linked = await page.$eval('#linked', line => line.textContent);
  const { jid = '' } = node.supervisor.find('sales') ?? {};
  assert.match(linked ?? '', new RegExp(`^linked as .*${jid.split(':')[0]}`));
  assert.equal(await page.$eval('#qr', figure => (figure as unknown as { hidden: boolean }).hidden), true);
  // The refused id is a failed request, which a browser logs.
  assert.deepEqual(
    errors.filter(error => !error.includes('400')),
    [],
  );
});
