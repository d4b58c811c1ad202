// An app whose keys are in a real database, and devices that are in both.
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import pino from 'pino';
import { KeyRegister } from '../../src/access/keys.ts';
import type { AppDeps } from '../../src/api/app.ts';
import type { Sql } from '../../src/store/database.ts';
import { createDevice } from '../../src/store/devices.ts';
import { createApi } from './api.ts';
import { testDatabase } from './database.ts';

/** What the settings of these tests name: it may do everything. */
export const ADMIN = 'the-key-of-the-settings';
export const admin = { authorization: `Bearer ${ADMIN}` };
export const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const silent = pino({ level: 'silent' });

/** A register on the database, at work until the test ends. */
export async function startRegister(t: TestContext, sql: Sql, now?: () => number): Promise<KeyRegister> {
  const register = new KeyRegister({ sql, log: silent, ...(now && { now }) });
  await register.start();
  t.after(() => register.stop());
  return register;
}

export async function keysApi(t: TestContext, changes: Partial<AppDeps> = {}) {
  const { sql } = await testDatabase(t);
  const keys = await startRegister(t, sql);
  const api = createApi({ keys, credentials: { basic: [], keys: [ADMIN] }, ...changes });
  const owner = randomUUID();

  /** A device that the database and the app know under the same number. */
  async function device(id: string) {
    const { no } = await createDevice(sql, id, owner);
    const view = api.devices.add(id);
    if (view.no !== no) throw new Error(`device ${id} is ${no} in the database and ${view.no} in memory`);
    return view;
  }

  /** Makes a key and resolves with it and its id. */
  async function made(grant: Record<string, unknown>): Promise<{ id: string; key: string }> {
    const { status, message, results } = await api.post('/keys', { name: 'test', ...grant }, admin);
    if (status !== 200) throw new Error(message);
    return { id: String(results?.key_id), key: String(results?.key) };
  }

  return { ...api, sql, keys, device, made };
}
