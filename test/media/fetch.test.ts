// What is fetched by URL, from a server on this machine.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Guard } from '../../src/lib/guard.ts';
import { Fetcher, type FetcherOptions } from '../../src/media/fetch.ts';
import { Spool } from '../../src/media/spool.ts';

const here = new Guard(['127.0.0.1', 'localhost']);

async function scene(
  t: TestContext,
  answer: RequestListener,
  guard = here,
  options: FetcherOptions = { withinMs: 30_000 },
) {
  const folder = await mkdtemp(join(tmpdir(), 'cardume-fetch-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const server = createServer(answer);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const fetcher = new Fetcher(guard, options);
  t.after(() => fetcher.stop());
  const batch = new Spool(folder).batch();
  const { port } = server.address() as AddressInfo;
  const fetch = (path: string, host = '127.0.0.1', deviceNo = 1) =>
    fetcher.fetch(`http://${host}:${port}${path}`, batch, { field: 'file_url', maxBytes: 1000, deviceNo });
  return { fetch, fetcher, batch, folder, port };
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
    { withinMs: 5_000 },
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

const MANY = 300;

/** A server that answers what it is told to, and says who asked, in order. */
function slow() {
  const held = new Map<string, ServerResponse>();
  const asked: string[] = [];
  const waits = new Set<() => void>();
  return {
    asked,
    /** Asked for now, and not answered. */
    held,
    answer: ((request, response) => {
      asked.push(request.url ?? '');
      held.set(request.url ?? '', response);
      for (const look of waits) look();
    }) satisfies RequestListener,
    end(path: string) {
      held.get(path)?.end('x');
      held.delete(path);
    },
    /** When so many have asked since the start. */
    reached: (many: number) =>
      new Promise<void>(resolve => {
        const look = () => asked.length >= many && resolve();
        waits.add(look);
        look();
      }),
  };
}

test('a device with hundreds of slow URLs has as many sockets as it may, and holds up no other', async t => {
  const server = slow();
  const { fetch } = await scene(t, server.answer, here, { each: 2, inAll: 3, waitMs: 600_000 });
  const settled: string[] = [];
  const ask = (path: string, device: number) =>
    fetch(path, '127.0.0.1', device).then(() => settled.push(path));
  const many = Array.from({ length: MANY }, (_, n) => ask(`/one/${n}`, 1));
  await server.reached(2);
  const other = [ask('/two/0', 2), ask('/two/1', 2)];
  await server.reached(3);
  assert.deepEqual(server.asked, ['/one/0', '/one/1', '/two/0']);
  server.end('/two/0');
  await other[0];
  await server.reached(4);
  assert.deepEqual([...server.held.keys()], ['/one/0', '/one/1', '/two/1']);
  // A third device comes when all places are taken: it is before the hundreds of the first that were there before it.
  const third = ask('/three/0', 3);
  server.end('/one/0');
  await server.reached(5);
  server.end('/one/1');
  await server.reached(6);
  assert.deepEqual(server.asked.slice(4).sort(), ['/one/2', '/three/0']);
  for (const path of ['/two/1', '/three/0']) server.end(path);
  await Promise.all([...other, third]);
  // All the others come in their order, one after the other.
  for (let n = 2; n < MANY; n++) {
    await server.reached(n + 4);
    server.end(`/one/${n}`);
  }
  await Promise.all(many);
  assert.deepEqual(
    server.asked.filter(path => path.startsWith('/one/')),
    Array.from({ length: MANY }, (_, n) => `/one/${n}`),
  );
});

test('who has no turn in time is told so and is never asked for, and what ends in an error gives its place back', async t => {
  const server = slow();
  const { fetch } = await scene(t, server.answer, here, { each: 1, inAll: 1, waitMs: 50 });
  const first = fetch('/first');
  await server.reached(1);
  await assert.rejects(fetch('/late', '127.0.0.1', 2), { code: 'URL_BUSY' });
  await assert.rejects(fetch('/x', 'somebody@127.0.0.1', 2), { code: 'URL_FORBIDDEN' });
  server.held.get('/first')?.destroy();
  await assert.rejects(first, { code: 'URL_FAILED' });
  const next = fetch('/next', '127.0.0.1', 2);
  await server.reached(2);
  server.end('/next');
  await next;
  assert.deepEqual(server.asked, ['/first', '/next']);
});

test('who waits when the server stops is not begun', async t => {
  const server = slow();
  const { fetch, fetcher } = await scene(t, server.answer, here, { each: 1 });
  const running = assert.rejects(fetch('/running'), { code: 'URL_FAILED' });
  await server.reached(1);
  const waiting = assert.rejects(fetch('/waiting'), { code: 'SHUTTING_DOWN' });
  await fetcher.stop();
  await Promise.all([running, waiting]);
  await assert.rejects(fetch('/after'), { code: 'SHUTTING_DOWN' });
  assert.deepEqual(server.asked, ['/running']);
});
