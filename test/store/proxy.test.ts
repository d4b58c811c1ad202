// The network that tests put between a node and its neighbours: it must fail exactly as it is told to.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '../../src/store/database.ts';
import { testDatabase } from '../support/database.ts';
import { startProxy } from '../support/proxy.ts';
import { seeded } from '../support/random.ts';
import { until } from '../support/until.ts';

/** A server that says everything back, a proxy before it, and a client that notes what it hears. */
async function echo(t: TestContext) {
  const server = createServer(socket => void socket.on('error', () => {}).pipe(socket));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const proxy = await startProxy(t, `http://127.0.0.1:${port}/`, seeded(1));
  const client = async () => {
    const socket: Socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    const heard = { text: '', ended: false };
    socket.setEncoding('utf8').on('data', (text: string) => {
      heard.text += text;
    });
    socket.on('close', () => {
      heard.ended = true;
    });
    return { socket, heard };
  };
  return { proxy, client };
}

test('latency and jitter make everything late, keep the order, and lose nothing when the sender hangs up', async t => {
  const { proxy, client } = await echo(t);
  proxy.slow({ latencyMs: 30, jitterMs: 60 });
  const { socket, heard } = await client();
  const began = performance.now();
  const words = Array.from({ length: 50 }, (_, n) => `word ${n};`);
  for (const word of words) socket.write(word);
  socket.end();
  await until(() => heard.ended);
  assert.equal(heard.text, words.join(''));
  assert.ok(performance.now() - began >= 60, 'late both ways');
});

test('a bandwidth is kept to', async t => {
  const { proxy, client } = await echo(t);
  proxy.slow({ bytesPerSecond: 100_000 });
  const { socket, heard } = await client();
  const began = performance.now();
  socket.end('x'.repeat(20_000));
  await until(() => heard.ended);
  assert.equal(heard.text.length, 20_000);
  assert.ok(performance.now() - began >= 200);
});

test('a black hole lets so many bytes through, holds the rest and all new connections, and gives them when it is mended', async t => {
  const { proxy, client } = await echo(t);
  const { socket, heard } = await client();
  proxy.blackHole(5);
  socket.write('abcdefghij');
  await until(() => heard.text === 'abcde');
  const late = await client();
  late.socket.write('late');
  socket.write('klm');
  await until(() => proxy.open === 2);
  assert.deepEqual(
    [heard, late.heard],
    [
      { text: 'abcde', ended: false },
      { text: '', ended: false },
    ],
  );
  await proxy.mend();
  await until(() => heard.text === 'abcdefghijklm' && late.heard.text === 'late');
});

test('cut connections end, new ones are refused until it is mended; a reset ends them once', async t => {
  const { proxy, client } = await echo(t);
  const one = await client();
  await proxy.cut();
  await until(() => one.heard.ended);
  await assert.rejects(client(), /ECONNREFUSED/);
  await proxy.mend();
  const two = await client();
  await until(() => proxy.open === 1);
  proxy.reset();
  await until(() => two.heard.ended);
  const three = await client();
  three.socket.write('here');
  await until(() => three.heard.text === 'here');
});

test('a statement can be cut off before it reaches PostgreSQL, or after it was committed and before the answer', async t => {
  const { address, sql } = await testDatabase(t, { migrated: false });
  await sql`create table noted (n integer)`;
  const proxy = await startProxy(t, address.url);
  const near = openDatabase({ address: { url: proxy.url }, connections: 1, name: 'near' });
  t.after(() => near.end({ timeout: 1 }));
  const note = (n: number) => near`insert into noted values (${n})`;
  const noted = async () => (await sql<{ n: number }[]>`select n from noted order by n`).map(({ n }) => n);
  const lost = { code: 'CONNECTION_CLOSED' };

  // The first one is prepared, the later ones name it: both are recognised.
  for (const n of [1, 11]) {
    const cut = proxy.cutAt({ statement: /insert into noted/, when: 'before', nth: 2 });
    await note(n);
    await assert.rejects(note(n + 1), lost);
    await cut;
  }
  assert.deepEqual(await noted(), [1, 11]);

  for (const n of [21, 31]) {
    const cut = proxy.cutAt({ statement: /insert into noted/, when: 'after', nth: 2 });
    await note(n);
    const others = [near`select 1 as one`, note(n + 1), note(n + 2)];
    const answers = await Promise.allSettled(others);
    await cut;
    assert.deepEqual(
      answers.map(({ status }) => status),
      ['fulfilled', 'rejected', 'rejected'],
      'what was asked before it is answered, what comes after it is lost with it',
    );
  }
  const rows = await noted();
  for (const n of [21, 22, 31, 32]) assert.ok(rows.includes(n), `${n} was committed`);
});
