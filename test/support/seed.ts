// Ready-linked devices in a database: a node starts with hundreds of them in seconds instead of pairing each.
import { BufferJSON } from '@whiskeysockets/baileys';
import { Seal } from '../../src/lib/seal.ts';
import type { ControlClient, LinkedDevice } from '../../src/simulator/control/client.ts';
import { commitState } from '../../src/store/commit.ts';
import type { Sql } from '../../src/store/database.ts';
import { createDevice, markLinked } from '../../src/store/devices.ts';
import { places } from '../../src/store/places.ts';
import { keepCanary } from '../../src/store/sealing.ts';
import { signalKinds } from '../../src/store/signal-keys.ts';
import { testRing, testSeals } from './keys.ts';

export interface Seeded extends LinkedDevice {
  readonly id: string;
}

const SEEDER = '00000000-0000-4000-8000-000000000000';

/** Makes `count` devices named `<prefix>-<n>` that the simulator knows as linked, and writes them into the database. */
export async function seedDevices(
  sql: Sql,
  simulator: ControlClient,
  count: number,
  prefix = 'device',
): Promise<Seeded[]> {
  await keepCanary(sql, testRing);
  const linked = await simulator.linkedDevices(count);
  return Promise.all(linked.map((device, n) => seed(sql, device, `${prefix}-${n}`)));
}

async function seed(sql: Sql, device: LinkedDevice, id: string): Promise<Seeded> {
  const { key, dek } = testSeals(sql).make(id);
  const { no, epoch } = await createDevice(sql, id, SEEDER, dek);
  const seal = new Seal(key);
  const credentials = Buffer.from(device.credentials);
  const { me } = JSON.parse(device.credentials, BufferJSON.reviver) as {
    me: { id: string; lid: string; name?: string };
  };
  await markLinked(sql, { no, epoch, owner: SEEDER, jid: me.id, lid: me.lid, name: me.name ?? null });
  const upsert = (kind: keyof typeof signalKinds, name: string, value: Buffer[]) => ({
    deviceNo: no,
    epoch,
    kind: signalKinds[kind],
    id: name,
    value: seal.seal(places.key(no, kind, name), Buffer.concat(value)),
  });
  await commitState(sql, SEEDER, {
    upserts: [
      ...device.preKeys.map(key =>
        upsert('pre-key', String(key.id), [
          Buffer.from(key.public, 'base64'),
          Buffer.from(key.private, 'base64'),
        ]),
      ),
      ...device.appStateKeys.map(key =>
        upsert('app-state-sync-key', key.id, [Buffer.from(key.data, 'base64')]),
      ),
    ],
    deletes: [],
    credentials: [{ deviceNo: no, epoch, value: seal.seal(places.credentials(no), credentials) }],
  });
  return { ...device, id };
}
