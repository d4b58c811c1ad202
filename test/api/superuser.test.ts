import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSuperuser, openDatabase } from '../../src/store/database.ts';
import { testDatabase } from '../support/database.ts';
import { startProgram } from '../support/program.ts';
import { startWorld } from '../support/world.ts';

test('S56: a database role that may do everything is warned of at the start', async t => {
  const { settings, sql } = await startWorld(t);
  const [role] = await sql<
    [{ yes: boolean }]
  >`select rolsuper as yes from pg_roles where rolname = current_user`;
  assert.equal(role.yes, true, 'the role of the tests is one');
  const program = await startProgram(t, { ...settings, WORKERS: '1', LOG_LEVEL: 'warn' });
  assert.ok(program.lines.some(line => line.includes('the database role is a superuser')));
  program.kill('SIGTERM');
  await program.ended;
});

test('S56: a role of its own is none', async t => {
  const { address } = await testDatabase(t);
  const sql = openDatabase({ address, connections: 1, name: 'roles' });
  const name = `plain_${process.pid}`;
  await sql.unsafe(`create role ${name}`);
  assert.equal(await isSuperuser(sql), true);
  await sql.unsafe(`set role ${name}`);
  assert.equal(await isSuperuser(sql), false);
  await sql.unsafe(`reset role; drop role ${name}`).simple();
  await sql.end({ timeout: 1 });
});
