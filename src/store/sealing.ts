/**
 * Whether the keys that we were given are those that the database was sealed with, found out before anything is written.
 * The answer is a canary: a known text, sealed, among the settings. Secret settings are kept the same way.
 */
import { makeKeyFile, readKeyFile } from '../lib/key-file.ts';
import { KeyMissing, KeyRing } from '../lib/key-ring.ts';
import type { Logger } from '../lib/logger.ts';
import { SealBroken, sealedWith } from '../lib/seal.ts';
import type { Sql } from './database.ts';
import { ensureSetting } from './settings.ts';

/** The keys are not those of the database, or cannot be used. The message says what to do; nothing was written. */
export class KeysRefused extends Error {
  override readonly name = 'KeysRefused';
}

export const CANARY = 'sealing_canary';
const SONG = 'cardume';

/** Where a secret setting is sealed to. */
export const settingPlace = (name: string) => `setting/${name}`;

export interface KeySource {
  /** Newest first; empty: the file below is used, and made for a database that holds nothing sealed. */
  readonly given: readonly Uint8Array[];
  readonly file: string;
}

/**
 * The key ring of this installation. Reads the database and writes nothing to it; it need not be migrated yet. Fails with
 * KeysRefused.
 */
export async function findKeys(sql: Sql, { given, file }: KeySource, log: Logger): Promise<KeyRing> {
  const kept = await readSealed(sql);
  const keys = given.length > 0 ? given : keysOf(file, kept, log);
  const ring = new KeyRing(keys);
  if (kept.canary === undefined && kept.sealed)
    throw new KeysRefused(
      `The database holds sealed values and not the one that the keys are tried on (setting ${CANARY}): it is not whole. Restore it from a backup`,
    );
  if (kept.canary !== undefined) check(ring, kept.canary);
  return ring;
}

/** Makes the canary where there is none; fails with KeysRefused when another process has just made it with other keys. */
export async function keepCanary(sql: Sql, ring: KeyRing): Promise<void> {
  const make = () => ring.seal(settingPlace(CANARY), Buffer.from(SONG)).toString('base64');
  check(ring, Buffer.from(await ensureSetting(sql, CANARY, make), 'base64'));
}

/** A setting that is stored sealed, made now if there is none. Fails with KeysRefused when it does not open. */
export async function ensureSecret(
  sql: Sql,
  ring: KeyRing,
  name: string,
  make: () => string,
): Promise<string> {
  const place = settingPlace(name);
  const kept = await ensureSetting(sql, name, () => ring.seal(place, Buffer.from(make())).toString('base64'));
  try {
    return ring.open(place, Buffer.from(kept, 'base64')).toString();
  } catch (cause) {
    if (!(cause instanceof SealBroken)) throw cause;
    const text = `The setting ${name} of the database cannot be opened. Put the row back, or delete it and another one is made: ${cause.message}`;
    throw new KeysRefused(text, { cause });
  }
}

function keysOf(file: string, { canary, sealed }: Sealed, log: Logger): Buffer[] {
  try {
    const keys = readKeyFile(file);
    if (keys) return keys;
    if (canary !== undefined || sealed) {
      const by = canary ? ` with the key ${sealedWith(canary).toString('hex')}` : '';
      throw new KeysRefused(
        `The database is sealed${by}, and there is no key: neither SEALING_KEYS_FILE nor SEALING_KEYS is set, and there is no ${file}`,
      );
    }
    const made = makeKeyFile(file);
    log.warn(
      { file },
      'a key was made that seals everything secret in the database: back it up, apart from the database; without it nothing can be opened',
    );
    return made;
  } catch (cause) {
    if (cause instanceof KeysRefused) throw cause;
    throw new KeysRefused(`The key in ${file} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

function check(ring: KeyRing, canary: Uint8Array): void {
  try {
    ring.open(settingPlace(CANARY), canary);
  } catch (cause) {
    if (!(cause instanceof SealBroken)) throw cause;
    const text =
      cause instanceof KeyMissing
        ? `The database was sealed with the key ${cause.keyId}, and the sealing keys are ${ring.ids.join(', ')}: give it the right ones, or another database`
        : `The value that the keys are tried on (setting ${CANARY}) was changed: restore it from a backup`;
    throw new KeysRefused(text, { cause });
  }
}

interface Sealed {
  readonly canary: Buffer | undefined;
  /** Whether anything else is sealed. */
  readonly sealed: boolean;
}

/** From a database of any version, an empty one too. */
async function readSealed(sql: Sql): Promise<Sealed> {
  const [found] = await sql<[{ tables: boolean; keys: boolean }]>`
    select to_regclass('setting') is not null as tables,
           exists (select from pg_attribute where attrelid = to_regclass('device') and attname = 'dek') as keys`;
  if (!found.tables || !found.keys) return { canary: undefined, sealed: false };
  const [row] = await sql<[{ canary: string | null; sealed: boolean }]>`
    select (select value from setting where name = ${CANARY}) as canary,
           exists (select from device where dek is not null)
             or exists (select from setting where name = 'webhook_secret') as sealed`;
  return { canary: row.canary === null ? undefined : Buffer.from(row.canary, 'base64'), sealed: row.sealed };
}
