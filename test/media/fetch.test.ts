// What is fetched by URL, from a server on this machine.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Guard } from '../../src/lib/guard.ts';
import { Fetcher } from '../../src/media/fetch.ts';
import { Spool } from '../../src/media/spool.ts';

const here = new Guard(['127.0.0.1', 'localhost']);

async function scene(t: TestContext, answer: RequestListener, guard = here, withinMs = 30_000) {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-fetch-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const fetcher = new Fetcher(guard, withinMs);
  t.after(() => fetcher.stop());
  const batch = new Spool(folder).batch();
  const { port } = server.address() as AddressInfo;
  const fetch = (path: string, host = '127.0.0.1') =>
    fetcher.fetch(`http://${host}:${port}${path}`, batch, { field: 'file_url', maxBytes: 1000 });
  return { fetch, batch, folder, port };
}

test('a file is kept with what its server says of it, and removed with its batch', async t => {
  const { fetch, batch, folder } = await scene(t, (_, response) =>
    response
      .writeHead(200, {
        'content-type': 'Application/PDF',
        'content-disposition': 'attachment; filename="x"; filename*=UTF-8\'\'r%C3%A9port%2Fa.pdf',
      })
      .end('hello'),
  );
  const { path, ...about } = await fetch('/x');
  assert.deepEqual(about, { bytes: 5, mimetype: 'application/pdf', filename: 'a.pdf' });
  assert.equal(await readFile(path, 'utf8'), 'hello');
  assert.equal(batch.bytes, 5);
  await batch.end();
  const [own = ''] = await readdir(folder);
  assert.deepEqual(await readdir(join(folder, own)), []);
});

test('S29: a name that resolves to this machine is refused before anything is asked', async t => {
  let asked = 0;
  const { fetch } = await scene(
    t,
    (_, response) => {
      asked++;
      response.end('x');
    },
    new Guard(),
  );
  await assert.rejects(fetch('/x', 'localhost'), {
    code: 'URL_FORBIDDEN',
    message: /^file_url: .*not public/,
  });
  assert.equal(asked, 0);
});

test('S29: a file over the limit is refused, announced or not, and so is an endless one', async t => {
  const { fetch } = await scene(t, (request, response) => {
    if (request.url === '/announced')
      response.writeHead(200, { 'content-length': '1001' }).end(Buffer.alloc(1001));
    else {
      const pour = () => {
        while (!response.destroyed && response.write(Buffer.alloc(16_384)));
      };
      response.on('drain', pour);
      pour();
    }
  });
  for (const path of ['/announced', '/endless'])
    await assert.rejects(fetch(path), {
      code: 'PAYLOAD_TOO_LARGE',
      results: { field: 'file_url', max_bytes: 1000 },
    });
});

test('S29: a server that is silent, turns in circles or has nothing is named so', async t => {
  const { fetch } = await scene(
    t,
    (request, response) => {
      if (request.url === '/silent') response.writeHead(200).write('x');
      else if (request.url === '/circle') response.writeHead(302, { location: '/circle' }).end();
      else if (request.url === '/nowhere') response.writeHead(302).end();
      else response.end();
    },
    here,
    5_000,
  );
  const ends: [string, RegExp][] = [
    ['/circle', /redirected too often/],
    ['/nowhere', /answers 302/],
    ['/empty', /it is empty/],
    ['/silent', /takes too long/],
  ];
  for (const [path, message] of ends)
    await assert.rejects(fetch(path), { code: 'URL_FAILED', message }, path);
});
