import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create } from 'qrcode';
import sharp from 'sharp';
import { secondsLeft, shownCode } from '../../../src/api/pairing.ts';
import { qrLinks } from '../../../src/api/qr.ts';
import { qrPng } from '../../../src/api/qr-png.ts';
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
  // Every module, and the margin around them, read back by somebody else.
  const { data, info } = await sharp(qrPng(text)).greyscale().raw().toBuffer({ resolveWithObject: true });
  const { size, data: modules } = create(text, { errorCorrectionLevel: 'L' }).modules;
  const edge = (size + 6) * 5;
  assert.deepEqual([info.width, info.height, info.channels], [edge, edge, 1]);
  for (let at = 0; at < data.length; at++) {
    const [x, y] = [Math.floor((at % edge) / 5) - 3, Math.floor(at / edge / 5) - 3];
    const inside = x >= 0 && y >= 0 && x < size && y < size;
    assert.equal(data[at], inside && modules[y * size + x] ? 0 : 255, `module ${x}, ${y}`);
  }
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
