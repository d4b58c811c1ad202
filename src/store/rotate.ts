/**
 * Seals anew, with the newest of the installation's keys, what is sealed with an older one: devices' keys, secret
 * settings and the canary. What those keys seal is not touched, so a node may run meanwhile. Every statement is whole in
 * itself and does the same again when it is run again; the canary is last, so that a start with the new key alone is
 * refused until everything is under it.
 */
import type { KeyRing } from '../lib/key-ring.ts';
import { SealBroken } from '../lib/seal.ts';
import { arrays } from './arrays.ts';
import type { Sql } from './database.ts';
import { deviceKeyPlace } from './device-seals.ts';
import { CANARY, settingPlace } from './sealing.ts';

export interface Rotation {
  /** How many were sealed anew. */
  readonly devices: number;
  readonly settings: number;
  /** How many were sealed with the newest key already. */
  readonly already: number;
  /** What did not open and was left as it is: a sentence each. */
  readonly broken: readonly string[];
}

const AT_ONCE = 500;
const SECRET_SETTINGS = ['webhook_secret', 'webhook_key', 'answers_key', CANARY] as const;

/** Run `findKeys` before. Fails as the statements do; what was sealed anew until then stays so. */
export async function rotateKeys(sql: Sql, ring: KeyRing): Promise<Rotation> {
  const devices = await rotateDevices(sql, ring);
  const settings = await rotateSettings(sql, ring);
  return {
    devices: devices.anew,
    settings: settings.anew,
    already: devices.already + settings.already,
    broken: [...devices.broken, ...settings.broken],
  };
}

interface Count {
  anew: number;
  already: number;
  readonly broken: string[];
}

async function rotateDevices(sql: Sql, ring: KeyRing): Promise<Count> {
  const count: Count = { anew: 0, already: 0, broken: [] };
  for (let after = 0; ; ) {
    const rows = await sql<{ no: number; id: string; dek: Buffer }[]>`
      select no, id, dek from device where no > ${after} and dek is not null order by no limit ${AT_ONCE}`;
    const last = rows.at(-1);
    if (!last) return count;
    after = last.no;
    const anew: { no: number; old: Buffer; dek: Buffer }[] = [];
    for (const { no, id, dek: old } of rows) {
      const dek = attempt(() => ring.renew(deviceKeyPlace(id), old), count);
      if (dek) anew.push({ no, old, dek });
    }
    count.anew += await replace(sql, anew);
  }
}

/** In the order of their numbers, as every statement that locks devices; a key that is another by now is left. */
async function replace(sql: Sql, keys: { no: number; old: Buffer; dek: Buffer }[]): Promise<number> {
  const { bytea, int } = arrays(sql);
  if (keys.length === 0) return 0;
  const nos = keys.map(({ no }) => no);
  const olds = keys.map(({ old }) => old);
  const deks = keys.map(({ dek }) => dek);
  const { count } = await sql`
    with given as (
      select * from unnest(
        ${int(nos)}, ${bytea(olds)}, ${bytea(deks)}
      ) as g (no, old, dek)
    ), due as materialized (
      select d.no, given.dek from device d join given on given.no = d.no and given.old = d.dek
       order by d.no for no key update of d
    )
    update device d set dek = due.dek from due where d.no = due.no`;
  return count;
}

async function rotateSettings(sql: Sql, ring: KeyRing): Promise<Count> {
  const count: Count = { anew: 0, already: 0, broken: [] };
  for (const name of SECRET_SETTINGS) {
    const [row] = await sql<{ value: string }[]>`select value from setting where name = ${name}`;
    if (!row) continue;
    const anew = attempt(() => ring.renew(settingPlace(name), Buffer.from(row.value, 'base64')), count);
    if (!anew) continue;
    const written = await sql`
      update setting set value = ${anew.toString('base64')} where name = ${name} and value = ${row.value}`;
    count.anew += written.count;
  }
  return count;
}

function attempt(renew: () => Buffer | undefined, count: Count): Buffer | undefined {
  try {
    const renewed = renew();
    if (!renewed) count.already++;
    return renewed;
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    count.broken.push(error.message);
    return undefined;
  }
}
