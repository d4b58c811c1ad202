import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutFilm } from '../../../src/media/worker/films.ts';
import { Loudness } from '../../../src/media/worker/sounds.ts';

const RATE = 8000;

function samples(...parts: readonly (readonly [seconds: number, loud: number])[]): Buffer {
  const values = parts.flatMap(([seconds, loud]) =>
    Array.from({ length: Math.round(seconds * RATE) }, (_, n) => (n % 2 ? loud : -loud)),
  );
  return Buffer.from(Int16Array.from(values).buffer);
}

test('a sound has 64 bars, the loudest of them 100, whatever pieces it comes in', () => {
  const bytes = samples([1, 1000], [1, 0], [2, 4000]);
  const whole = new Loudness();
  whole.add(bytes);
  const pieces = new Loudness();
  for (let at = 0; at < bytes.length; at += 777) pieces.add(bytes.subarray(at, at + 777));
  assert.deepEqual(pieces.waveform(), whole.waveform());
  assert.deepEqual([whole.seconds, pieces.seconds], [4, 4]);
  const bars = [...whole.waveform()];
  assert.deepEqual(bars.slice(1, 15), Array(14).fill(25));
  assert.deepEqual(bars.slice(17, 31), Array(14).fill(0));
  assert.deepEqual(bars.slice(33), Array(31).fill(100));
});

test('silence, a moment and nothing at all have bars too', () => {
  for (const part of [samples([1, 0]), samples([0.01, 500]), Buffer.alloc(0), Buffer.alloc(1)]) {
    const loudness = new Loudness();
    loudness.add(part);
    assert.equal(loudness.waveform().length, 64);
  }
  const moment = new Loudness();
  moment.add(samples([0.01, 500]));
  assert.equal(moment.seconds, 1);
});

test('what ffmpeg says of a film is read: size, length, and whether it was turned', () => {
  const words = [
    "Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'file:/x':",
    '  Duration: 00:01:02.60, start: 0.000000, bitrate: 1205 kb/s',
    '  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709), 1920x1080 [SAR 1:1 DAR 16:9], 30 fps',
  ].join('\n');
  assert.deepEqual(aboutFilm(words), { seconds: 63, width: 1920, height: 1080 });
  const turned = `${words}\n      displaymatrix: rotation of -90.00 degrees\nOutput #0, image2pipe: 100x56`;
  assert.deepEqual(aboutFilm(turned), { seconds: 63, width: 1080, height: 1920 });
  assert.deepEqual(aboutFilm('Duration: N/A'), {});
});
