import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../src/store/database.ts';
import { type EmbeddedOptions, startEmbedded } from '../../src/store/embedded.ts';
import { type Child, runChild } from '../support/child.ts';
import { quiet } from '../support/database-server.ts';
import { until } from '../support/until.ts';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

// Removed at the end of the file: the hooks of a test run in the order in which they were made, servers after folders.
const folders: string[] = [];
after(() => {
  for (const dir of folders) rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

function newFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'cardume-embedded-'));
  folders.push(dir);
  return dir;
}

/** Most tests follow one another on the same data: making it takes the better part of a second. */
const dir = newFolder();

async function start(t: TestContext, dir: string, more: Partial<EmbeddedOptions> = {}) {
  const server = await startEmbedded({ dir, maxConnections: 20, log: quiet, ...more });
  t.after(() => server.stop());
  const sql = openDatabase({ address: server.address, connections: 2, name: 'test' });
  t.after(() => sql.end({ timeout: 1 }));
  return { server, sql };
}

const postmaster = (dir: string) =>
  Number.parseInt(readFileSync(join(dir, 'pgdata-18/postmaster.pid'), 'utf8'), 10);
const parentOf = (pid: number) =>
  Number(spawnSync('ps', ['-o', 'ppid=', '-p', `${pid}`], { encoding: 'utf8' }).stdout);
const lives = (pid: number) => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', `${pid}`], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
};
/** The highest number that the writer has seen stored, once there are enough of them. */
const written = (child: Child) => child.lines.map(Number).filter(n => n > 0);
/** Waits until the child has stored a good many rows; the first start of a busy machine takes its time. */
const busy = (child: Child) =>
  until(
    () => {
      assert.ok(!child.lines.at(-1)?.startsWith('failed'), child.lines.at(-1));
      return written(child).length > 200;
    },
    { within: 60_000 },
  );

async function missing(sql: ReturnType<typeof openDatabase>, child: Child): Promise<number[]> {
  const stored = new Set((await sql<{ n: number }[]>`select n from written`).map(({ n }) => n));
  return written(child).filter(n => !stored.has(n));
}

test('after kill -9 of the process its server goes too, and the next start has every acknowledged row', async t => {
  const child = runChild(t, 'store-process.ts', ['write', dir]);
  await busy(child);
  const pid = postmaster(dir);
  child.kill('SIGKILL');
  await child.ended;
  const { sql } = await start(t, dir);
  assert.ok(!lives(pid));
  assert.deepEqual(await missing(sql, child), []);
});

test('after kill -9 of the process and of its guard the orphaned server is stopped and nothing is lost', async t => {
  const child = runChild(t, 'store-process.ts', ['write', dir]);
  await busy(child);
  const pid = postmaster(dir);
  const both = [child.pid, parentOf(pid)];
  for (const signal of ['SIGSTOP', 'SIGKILL']) for (const victim of both) process.kill(victim, signal);
  await child.ended;
  assert.ok(lives(pid));
  const { sql } = await start(t, dir);
  assert.ok(!lives(pid));
  assert.deepEqual(await missing(sql, child), []);
});

test('after kill -9 of everything at once nothing is lost', async t => {
  const child = runChild(t, 'store-process.ts', ['write', dir]);
  await busy(child);
  const pid = postmaster(dir);
  for (const victim of [child.pid, parentOf(pid), pid]) process.kill(victim, 'SIGKILL');
  await child.ended;
  const { sql } = await start(t, dir);
  assert.deepEqual(await missing(sql, child), []);
});

test('a second start on the same data is refused with a sentence and the first goes on', async t => {
  const { sql } = await start(t, dir);
  const sentence = new RegExp(`${dir}/pgdata-18 is in use by process ${process.pid}: stop it first`);
  await assert.rejects(startEmbedded({ dir, maxConnections: 20, log: quiet }), sentence);
  const child = runChild(t, 'store-process.ts', ['write', dir]);
  assert.equal(await child.ended, 1);
  assert.match(child.lines.join(), sentence);
  assert.equal((await sql`select 1 as n`)[0]!.n, 1);
});

test('of several first starts at the same time on the same folder one works and the others are refused', async t => {
  const dir = newFolder();
  const children = [1, 2, 3].map(() => runChild(t, 'store-process.ts', ['write', dir]));
  await until(() => children.filter(({ lines }) => lines[0]?.startsWith('failed')).length === 2, {
    within: 60_000,
  });
  const winner = children.find(({ lines }) => !lines[0]?.startsWith('failed'))!;
  await busy(winner);
  for (const child of children) if (child !== winner) assert.match(child.lines[0]!, /in use by process \d+/);
  winner.kill('SIGTERM');
  assert.equal(await winner.ended, 0, 'and SIGTERM ends it in order');
});

test('the process number of a dead server that something else has now does not keep the server from starting', async t => {
  const first = await start(t, dir);
  const { uid, gid } = statSync(join(dir, 'pgdata-18'));
  const lock = join(dir, 'pgdata-18/postmaster.pid');
  const left = readFileSync(lock, 'utf8').split('\n').slice(1);
  await first.server.stop();
  const other = spawn('sleep', ['60'], isRoot ? { uid, gid } : {});
  t.after(() => other.kill());
  writeFileSync(lock, [other.pid, ...left].join('\n'), { mode: 0o600 });
  chownSync(lock, uid, gid);
  const { sql } = await start(t, dir);
  assert.equal((await sql`select 1 as n`)[0]!.n, 1);
  assert.ok(lives(other.pid!));
});

test('a server that is killed, or loses its guard, is started again and the pools find it', async t => {
  const { server, sql } = await start(t, dir);
  await sql`create table kept as select 1 as n`;
  for (const victim of [(pid: number) => pid, parentOf]) {
    const pid = postmaster(dir);
    process.kill(victim(pid), 'SIGKILL');
    await until(() => existsSync(join(dir, 'pgdata-18/postmaster.pid')) && postmaster(dir) !== pid);
    assert.equal((await until(() => sql`select n from kept`))[0]!.n, 1);
    assert.ok(lives(parentOf(postmaster(dir))));
  }
  await server.stop();
  await server.stop();
  assert.equal(await server.exited, 'stopped');
  await assert.rejects(sql`select 1`.execute());
});

test('a server that is killed while its connections never wait for us is started again: they are ended', async t => {
  let failed = 0;
  t.after(() => failed++); // whatever happens, before the server is stopped
  const { server } = await start(t, dir);
  // PostgreSQL looks whether its postmaster lives when it waits for a client. Here the next statement is always there.
  const pool = openDatabase({ address: server.address, connections: 1, name: 'busy' });
  t.after(() => pool.end({ timeout: 1 }));
  let done = 0;
  const work = async () => {
    while (failed === 0)
      await pool`select count(*) from generate_series(1, 50000)`.then(
        () => done++,
        () => failed++,
      );
  };
  const working = Array.from({ length: 40 }, work);
  await until(() => done > 40);
  process.kill(postmaster(dir), 'SIGKILL');
  await until(() => failed > 0, { what: 'the connection of the dead server is lost' });
  await Promise.all(working);
  await until(() => pool`select 1`);
});

test('a server that cannot be started again is given up with the reason', async t => {
  const { server } = await start(t, dir);
  writeFileSync(join(dir, 'pgdata-18/postgresql.auto.conf'), 'no_such_setting_here = 1\n');
  process.kill(postmaster(dir), 'SIGKILL');
  let reason = '';
  server.exited.then(text => {
    reason = text;
  });
  assert.match(await until(() => reason), /did not start: .*configuration file .* contains errors/);
});

test('an ordinary user has a server too, in a folder that only they may enter', async t => {
  const dir = newFolder();
  const script = fileURLToPath(new URL('../support/store-process.js', import.meta.url));
  const user = isRoot ? { uid: NOBODY, gid: NOBODY, cwd: '/' } : {};
  if (spawnSync('test', ['-r', script], user).status !== 0) return t.skip('nobody may read this clone');
  if (isRoot) chownSync(dir, NOBODY, NOBODY);
  chmodSync(dir, 0o700);
  const child = runChild(t, 'store-process.ts', ['write', dir], user);
  await busy(child);
  assert.equal(statSync(join(dir, 'pgdata-18')).uid, isRoot ? NOBODY : process.getuid?.());
  child.kill('SIGTERM');
  assert.equal(await child.ended, 0);
  // Started by root later on, the data keeps its owner.
  const { sql } = await start(t, dir);
  assert.deepEqual(await missing(sql, child), []);
});

test('as root, data that the account of the server could not reach is kept elsewhere and found again', async t => {
  if (!isRoot) return t.skip('only root starts the server under another account');
  const dir = join(newFolder(), 'private', 'data');
  const chosen: string[] = [];
  const log = {
    ...quiet,
    debug() {},
    info: (facts: { folder?: string }) => facts.folder && chosen.push(facts.folder),
  };
  spawnSync('install', ['-d', '-m', '700', join(dir, '..')]);
  const first = await start(t, dir, { log: log as never });
  const folder = chosen[0]!;
  folders.push(folder);
  assert.match(folder, /^\/var\/lib\/cardume-[0-9a-f]{8}$/);
  await first.sql`create table kept as select 1 as n`;
  await first.sql.end();
  await first.server.stop();
  // Even when the folder has become reachable meanwhile.
  chmodSync(join(dir, '..'), 0o755);
  const { sql } = await start(t, dir, { log: log as never });
  assert.equal((await sql`select n from kept`)[0]!.n, 1);
  assert.equal(chosen[1], folder);
});

test('a path that is too long for a socket does not keep the server from starting', async t => {
  const dir = join(newFolder(), 'x'.repeat(120));
  const { sql } = await start(t, dir);
  assert.equal((await sql`select 1 as n`)[0]!.n, 1);
});

test('where there are no binaries for the system the refusal says what to do', async t => {
  const arch = Object.getOwnPropertyDescriptor(process, 'arch')!;
  t.after(() => Object.defineProperty(process, 'arch', arch));
  Object.defineProperty(process, 'arch', { ...arch, value: 'mips' });
  const started = startEmbedded({ dir: newFolder(), maxConnections: 20, log: quiet });
  await assert.rejects(started, /-mips is not installed\): set DB_URI/);
});
