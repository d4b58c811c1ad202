/** The installation's keys between its settings and its database: found at the start, and rotated by the operator. */
import { join } from 'node:path';
import { type Config, ConfigError } from './config.ts';
import type { KeyRing } from './lib/key-ring.ts';
import type { Logger } from './lib/logger.ts';
import { type DatabaseAddress, openDatabase, type Sql, waitForDatabase } from './store/database.ts';
import { runningEmbedded, startEmbedded } from './store/embedded.ts';
import { type Rotation, rotateKeys } from './store/rotate.ts';
import { findKeys, KeysRefused } from './store/sealing.ts';

/** In DATA_DIR, when no key is given. */
const KEY_FILE = 'sealing.key';
const DATABASE_WITHIN = 30_000;
const ROTATION_CONNECTIONS = 2;

/** The key ring for this database; writes nothing to it. Fails with ConfigError when the keys are not those of it. */
export function openKeys(sql: Sql, config: Config, log: Logger): Promise<KeyRing> {
  const given = config.sealingKeysFile ?? config.sealingKeys;
  return asSetting(findKeys(sql, { given, file: join(config.dataDir, KEY_FILE) }, log));
}

/** Wrong keys are a wrong setting. */
export async function asSetting<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw cause instanceof KeysRefused ? new ConfigError(`SEALING_KEYS: ${cause.message}`, { cause }) : cause;
  }
}

/**
 * Seals everything anew with the first key, beside a running node or without one. Fails with ConfigError, and with
 * STORE_UNAVAILABLE as a start does.
 */
export async function rotate(config: Config, log: Logger): Promise<Rotation> {
  const { address, end } = await reach(config, log);
  const sql = openDatabase({ address, connections: ROTATION_CONNECTIONS, name: 'cardume-rotation' });
  try {
    await waitForDatabase(sql, { within: DATABASE_WITHIN, log });
    return await rotateKeys(sql, await openKeys(sql, config, log));
  } finally {
    await sql.end({ timeout: 5 });
    await end();
  }
}

async function reach(
  { dbUri, dataDir }: Config,
  log: Logger,
): Promise<{ address: DatabaseAddress; end: () => Promise<void> }> {
  if (dbUri !== undefined) return { address: { url: dbUri }, end: async () => {} };
  const running = await runningEmbedded(dataDir, log);
  if (running) return { address: running, end: async () => {} };
  const own = await startEmbedded({ dir: dataDir, maxConnections: 10, log });
  return { address: own.address, end: () => own.stop() };
}
