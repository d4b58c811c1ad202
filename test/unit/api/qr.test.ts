import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondsLeft, shownCode } from '../../../src/api/pairing.ts';
import { qrLinks, qrPng } from '../../../src/api/qr.ts';
import { printQr } from '../../../src/api/qr-terminal.ts';

const parts = (link: string) => {
  const url = new URL(link, 'http://localhost');
  return [url.pathname, (name: string) => url.searchParams.get(name) ?? undefined] as const;
};

test('a signed link to a QR picture is good for its device and its time only', () => {
  const links = qrLinks();
  const [path, query] = parts(links.path('sales', 1000));
  assert.equal(links.admits(path, query, 1000), true);
  assert.equal(links.admits(path, query, 1001), false);
  assert.equal(links.admits('/devices/other/qr.png', query, 0), false);
  assert.equal(links.admits('/devices', query, 0), false);
  assert.equal(
    links.admits(path, name => (name === 'until' ? '2000' : query(name)), 0),
    false,
  );
  assert.equal(
    links.admits(path, () => undefined, 0),
    false,
  );
  assert.equal(qrLinks().admits(path, query, 0), false);
});

test('a QR is drawn as a PNG and as half blocks for a terminal', async () => {
  const text = `2@${'x'.repeat(230)}`;
  const png = await qrPng(text);
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  const width = png.readUInt32BE(16);
  assert.ok(width > 250 && width < 500, `${width} pixels`);
  const drawn: string[] = [];
  await printQr(text, line => drawn.push(line));
  assert.equal(drawn.length, 1);
  assert.match(drawn[0] ?? '', /▄|▀/);
});

test('a code is shown in two halves and a duration is never nothing', () => {
  assert.equal(shownCode('ABCD1234'), 'ABCD-1234');
  assert.equal(shownCode('ABCD-1234'), 'ABCD-1234');
  const until = 20_000;
  assert.equal(secondsLeft({ by: 'qr', qr: '', until }, 500), 19);
  assert.equal(secondsLeft({ by: 'qr', qr: '', until }, 30_000), 1);
});
