// 100 MB up and down through a node in a process of its own, whose memory is watched meanwhile.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { request } from 'undici';
import { startProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { startWorld } from '../support/world.ts';

const CARLA = '15550009999';
const MEGABYTE = 1_000_000;
const SIZE = 100 * MEGABYTE;

/** Bytes that no compression makes fewer. */
function* pieces(size: number): Generator<Buffer> {
  for (let at = 0; at < size; at += MEGABYTE) {
    const piece = Buffer.alloc(Math.min(MEGABYTE, size - at), (at / MEGABYTE) % 251);
    piece.writeUInt32BE(at);
    yield piece;
  }
}

async function digestOf(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    length += chunk.byteLength;
  }
  return { length, sha256: hash.digest('hex') };
}

/** The part of a process's memory that is its own, in bytes. */
function residentOf(pid: number): number {
  const [, kib = '0'] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

function watch(pid: number): () => number {
  const before = residentOf(pid);
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, residentOf(pid));
  }, 20);
  return () => {
    clearInterval(timer);
    return peak - before;
  };
}

test('100 MB go up and come down, and the memory of the node grows by less than 50 MB', {
  skip: process.platform === 'linux' ? false : 'needs /proc to watch a process',
  timeout: 240_000,
}, async t => {
  const world = await startWorld(t, { devices: 1 });
  const [{ phone: to, id: device }] = world.seeded as [(typeof world.seeded)[0]];
  await world.simulator.createPhone({ phone: CARLA, name: 'Carla' });
  const settings = { ...world.settings, WORKERS: '1', MAX_FILE_MB: '100', MEDIA_CACHE_MB: '500' };
  const program = await startProgram(t, settings);
  await program.opened([device]);

  const up = async (size: number) => {
    const head = `--x\r\nContent-Disposition: form-data; name="phone"\r\n\r\n${CARLA}\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`;
    const body = Readable.from(
      (function* () {
        yield Buffer.from(head);
        yield* pieces(size);
        yield Buffer.from('\r\n--x--\r\n');
      })(),
    );
    const answer = await request(`${program.url}/send/file`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
      body,
      headersTimeout: 120_000,
    });
    const { message, results } = (await answer.body.json()) as {
      message: string;
      results: { message_id: string };
    };
    assert.equal(answer.statusCode, 200, message);
    return results.message_id;
  };
  const down = async (size: number, seed: number) => {
    const { id } = await world.simulator.sendMedia(CARLA, { to, kind: 'document', generate: size, seed });
    const path = `/message/${id}/download?phone=${CARLA}`;
    const { body } = await until(
      async () => {
        const answer = await program.api<{ file_url: string; file_size: number }>('GET', path);
        return answer.body.code === 'MESSAGE_NOT_FOUND' ? undefined : answer;
      },
      { within: 60_000 },
    );
    assert.equal(body.results?.file_size, size, body.message);
    const { body: file } = await request(body.results!.file_url);
    return { id, got: await digestOf(file) };
  };

  // Sessions, TLS, code and what Node lets become garbage before it collects.
  await up(40 * MEGABYTE);
  await down(40 * MEGABYTE, 1);
  const grownBy = watch(program.pid);
  const sent = await up(SIZE);
  const { id, got } = await down(SIZE, 2);
  const grown = grownBy();
  t.diagnostic(`the memory of the node grew by ${(grown / MEGABYTE).toFixed(1)} MB at its peak`);
  await world.simulator.waitForMessage(CARLA, one => one.id === sent);
  assert.deepEqual(
    await digestOf([await world.simulator.fetchMedia(CARLA, sent)]),
    await digestOf(pieces(SIZE)),
  );
  assert.deepEqual(got, await digestOf([await world.simulator.fetchMedia(CARLA, id)]));
  assert.ok(grown < 50 * MEGABYTE, `it grew by ${grown} bytes`);
});
